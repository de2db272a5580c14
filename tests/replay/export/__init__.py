"""Tests of the room `replay/export`."""
