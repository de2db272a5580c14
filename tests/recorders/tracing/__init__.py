"""Tests of the room `recorders/tracing`."""
