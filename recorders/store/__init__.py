"""Stores: where a baseline lives."""
