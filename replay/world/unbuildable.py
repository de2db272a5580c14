"""The one reason for which a value of a recording is not built."""

from __future__ import annotations


class Unbuildable(Exception):
    """A recorded value cannot be built here; the message is the reason that a report gives."""
