"""A folder for `PYTHONPATH`: what Python imports by itself when a recorded process starts."""
