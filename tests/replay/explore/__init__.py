"""Tests of the room `replay/explore`."""
