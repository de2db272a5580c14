"""Tests of the room `replay/model`."""
