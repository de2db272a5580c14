"""Tests of `pytest_runtime.cli`."""
