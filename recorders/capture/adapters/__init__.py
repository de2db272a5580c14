"""Type adapters: how the values of a type are taken apart, without any of their code."""
