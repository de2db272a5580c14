"""Values that are hard to capture; see `hostile_values.py`."""
