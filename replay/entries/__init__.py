"""Entries: how each kind is called again."""
