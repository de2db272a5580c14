"""State that outlives calls: names that recorder and replay share."""

from __future__ import annotations

MADE_AGAIN = "an object that is no data: a replay makes it again"
"""Why a value of `StateRead` is opaque where the traces that made it are all that a replay needs."""

COMMAND_LINE = "sys:argv"
"""The place of the one piece of state that lies outside the included modules: what the program was called with."""
