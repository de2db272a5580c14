"""Privacy: what is secret, what stands in its place, and who can read it."""
