"""Tests of pytest-runtime; see `scenario` for the harness."""
