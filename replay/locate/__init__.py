"""Location: where in the code under test a divergence begins."""
