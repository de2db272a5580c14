"""Generation of inputs from recorded ones."""
