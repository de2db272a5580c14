"""Tests of the room `recorders/model`."""
