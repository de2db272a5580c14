"""Tests of the room `replay/change`."""
