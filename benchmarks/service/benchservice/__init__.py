"""A small shop with two routes, which the benchmarks run with and without the recorder."""
