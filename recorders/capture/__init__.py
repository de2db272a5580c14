"""Capture: live values frozen without running their code, and thawed as value trees."""
