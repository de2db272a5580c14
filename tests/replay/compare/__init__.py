"""Tests of the room `replay/compare`."""
