"""Tracing: which arms and functions a trace ran."""
