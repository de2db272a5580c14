"""Trials: inputs that are tried in the process that replays, and calls inside a replay that are watched or
substituted."""
