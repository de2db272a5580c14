"""The benchmark on packages that nobody here chose: see `benchmarks/strangers.py`."""
