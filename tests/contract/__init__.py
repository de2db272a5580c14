"""One contract, which every boundary keeps, against the real systems behind it."""
