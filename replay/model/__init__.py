"""Values of a replay: jobs, observations, differences, verdicts."""
