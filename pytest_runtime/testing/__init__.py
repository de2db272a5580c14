"""The harness for tests of recorders and replays: write a small service, record it, change it, replay it."""

from .scenario import LocalRunner, Replayed, Scenario

__all__ = ["LocalRunner", "Replayed", "Scenario"]
