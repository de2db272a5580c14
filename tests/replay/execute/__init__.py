"""Tests of the room `replay/execute`."""
