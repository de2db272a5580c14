"""Tests of the room `replay/entries`."""
