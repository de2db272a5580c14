"""Tests of the room `recorders/session`."""
