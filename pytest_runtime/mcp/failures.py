"""Failures, in words that say what to do next and hold no captured text: an assistant reads them as ours."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from mcp.server.mcpserver.exceptions import ToolError

from ..recorders.errors import RuntimeBaselineError, UnknownBaseline, UnknownEntry, UnknownTrace
from ..recorders.model.printable import in_line
from ..replay.inspect.questions import UnknownPath
from .fence import is_name

NAMED = 8
"""Names that a message lists."""

LONGEST = 600
"""Characters of a message: git can say much."""


class Refused(ToolError):
    """A question that cannot be answered as it was asked; the message says how to ask it."""


def failure_of(error: RuntimeBaselineError) -> Refused:
    """An error of this package for an assistant: names that are not spelt like names are left out of it."""
    match error:
        case UnknownBaseline():
            known = f"there are: {listed(error.known)}" if error.known else "there are none yet"
            advice = "Record one with: pytest-runtime record --baseline NAME -- COMMAND, or see list_baselines"
            return Refused(f"no such baseline{did_you_mean(error.name, error.known)} {known}. {advice}")
        case UnknownEntry():
            hint = did_you_mean(error.entry, error.known)
            return Refused(f"no such entry{hint} There are: {listed(error.known)}. list_entries has all of them")
        case UnknownTrace() if error.matching:
            return Refused(f"several traces have an id that begins so: {listed(error.matching)}. Write more of it")
        case UnknownTrace():
            return Refused("no trace of that id is kept. find_traces, describe_entry and validation results name those")
        case UnknownPath():
            return unknown_path(error.path, [*error.near, *error.known])
        case _:
            return Refused(in_line(str(error))[:LONGEST])


def unknown_path(path: str, known: Iterable[str]) -> Refused:
    """A path that no trace has, with those near; keys of captured data are named only where they can be names."""
    near = difflib.get_close_matches(path, [name for name in dict.fromkeys(known) if is_name(name)], n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else "show_trace lists the paths of a trace"
    return Refused(f"no trace that was looked at has that path; {hint}")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A question with the nearest name; a full stop where none is near."""
    near = difflib.get_close_matches(name, list(filter(is_name, known)), n=1, cutoff=0.5)
    return f". Did you mean {near[0]!r}?" if near else "."


def listed(names: Iterable[str]) -> str:
    """Some names; those that are not spelt like one are counted only."""
    every = list(names)
    shown = [name for name in every if is_name(name)][:NAMED]
    more = f" and {len(every) - len(shown)} more" if len(every) > len(shown) else ""
    return f"{', '.join(shown)}{more}" if every else "none"
