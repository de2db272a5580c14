"""Reports: the same findings for a terminal, for a failure text and as JSON."""
