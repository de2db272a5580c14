"""Exploration: inputs next to the recorded ones, tried on base and candidate."""
