"""The order service of a shop."""
