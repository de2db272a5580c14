"""Tests of the room `recorders/entries`."""
