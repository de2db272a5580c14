"""Tests of what judges a commit before it is made."""
