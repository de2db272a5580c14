"""Analysis of changed code: what an input must do to reach and show the change."""
