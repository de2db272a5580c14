"""Instrumentation: modules compiled so that their functions report decisions, values and results."""
