"""Replay: the recorded world, comparison, location and verdicts."""
