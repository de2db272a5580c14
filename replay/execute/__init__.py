"""Execution: code under test, run behind recorded boundaries in processes of its own."""
