"""Tests of the room `recorders/store`."""
