"""Export: traces and findings as tests that stand by themselves."""
