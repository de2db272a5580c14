"""The project's own rules of comparison: as they are written, and at work."""
