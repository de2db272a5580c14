"""This package is about pairs: two versions of a small service, and who finds where they differ."""
