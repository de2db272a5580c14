"""Entries: where a trace starts."""
