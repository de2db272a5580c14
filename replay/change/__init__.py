"""The change: base and candidate as sources, and how they relate."""
