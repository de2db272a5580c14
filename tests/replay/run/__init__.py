"""Tests of the room `replay/judge`."""
