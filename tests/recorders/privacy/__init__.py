"""Tests of the room `recorders/privacy`."""
