"""Comparison of observations."""
