"""Tests of the room `recorders/boundaries`."""
