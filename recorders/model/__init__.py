"""Values that recorder and replay share: traces, value trees, branches, shapes."""
