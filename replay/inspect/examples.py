"""Examples: kept traces in words. What was redacted is a pseudonym in a baseline, and nothing opens it here."""

from __future__ import annotations

import msgspec

from ...recorders.model.inputs import CallInput, Input
from ...recorders.model.trace import Entry, Trace
from ...recorders.store.protocol import BaselineReader, StoredTrace
from ..entries.catalogue import replayer_of
from ..entries.protocol import EntryUnavailable
from ..model.invocation import Invocation
from ..model.observation import recorded_observation
from ..model.render import short
from ..model.render_call import WIDTH, call_text, value_text


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """One kept trace, in words."""

    trace: str
    input: str
    outcome: str


def entry_of(reader: BaselineReader, stored: StoredTrace) -> Entry:
    """The entry of a kept trace; one of no kind, where a damaged baseline lacks it."""
    return reader.entries().get(stored.entry) or Entry(stored.entry, "", "", "")


def input_text(entry: Entry, given: Input) -> str:
    """An input as a person would write it: `fee(total=50)`, `POST /quotes?page=2 {"items": []}`."""
    if isinstance(given, CallInput):
        return call_text(Invocation(entry.target or entry.name, given.kind, given.arguments), given.parameters)
    try:
        replayer = replayer_of(entry.kind)
        return replayer.render(given, replayer.parts(given))
    except (EntryUnavailable, ValueError):  # of a plugin that is not here, or no input of that kind
        return short(given.tree(), WIDTH)


def outcome_text(trace: Trace) -> str:
    """What the caller saw, in words: `returned 10`, `raised ValueError('no -1')`, `answered 200 {…}`."""
    return value_text(recorded_observation(trace))


def example_of(entry: Entry, name: str, trace: Trace) -> Example:
    """A kept trace, in words."""
    return Example(trace=name, input=input_text(entry, trace.input), outcome=outcome_text(trace))
