"""Inspection: what a baseline holds, as values that the command line and others render."""
