"""Tests of the room `recorders/capture`."""
