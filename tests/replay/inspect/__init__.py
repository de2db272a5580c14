"""Tests of the room `replay/inspect`."""
