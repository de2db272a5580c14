"""The HTML report: one file that needs no network, no server and no script to be read."""
