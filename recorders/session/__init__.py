"""Sessions: the life of a trace, from the decision to record it to the store."""
