"""Type adapters: how the values of a type are read, without any of their code."""
