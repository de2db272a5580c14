"""Tests of the room `replay/world`."""
