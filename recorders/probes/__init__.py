"""Probes: logs, snapshots and metrics placed in a running process, which leave nothing behind."""
