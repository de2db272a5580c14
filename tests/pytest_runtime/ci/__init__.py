"""Tests of what runs inside a CI system."""
