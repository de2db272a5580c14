"""The steps of a trace with their values: what a recording does not keep, because it costs, a replay shows.

The trace is replayed once, behind the wall, on base with decisions instrumented. Values that were redacted are
pseudonyms here too: the process that replays masks what it answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from ...recorders.errors import GitMissing, NoBase
from ...recorders.model.branches import Arm, Branch
from ...recorders.store.protocol import BaselineReader, StoredTrace
from ..change.base import find_base
from ..change.versions import Versions
from ..judge.processes import candidate_process, instrumented_base, latest_revision
from ..judge.sealing import Runner
from ..judge.setup import Setup
from ..locate.render_cause import raised
from ..model.job import Job
from ..model.render import short
from ..model.render_call import value_text
from ..model.steps import Event
from .examples import entry_of


class Operand(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a condition, as it stands in the source, and its value."""

    source: str
    value: str


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A decision with the values of its operands, or an exception that left a function."""

    text: str
    """`total > 10_000 is true`, `ValueError('no') raised`"""
    operands: tuple[Operand, ...]
    function: str
    line: int
    """In the version that was replayed."""


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """One replay of a trace."""

    code: str
    """The version that was replayed, in words."""
    ended: str
    """`outcome`, or what kept it from one: `stopped`, `hung`, `crashed`, `error`."""
    reason: str
    """Why there is no outcome; empty where there is one."""
    outcome: str
    """What it came to."""
    steps: tuple[Step, ...]
    """In order, repetitions too."""
    truncated: bool
    """Whether there were more steps than are kept."""


def replayed(setup: Setup, reader: BaselineReader, stored: StoredTrace, *, restore: bool = False) -> Replayed:
    """A trace that can be read, replayed on the base of a setup, or, where none can be had, on the working tree.

    `restore` says whether recorded state is put into its objects. Raises `BaseError`, `CannotReplay`.
    """
    with _instrumented(setup, reader) as (runner, code):
        job = Job(stored.id, entry_of(reader, stored), stored.data, dict(stored.producers), fresh=True, restore=restore)
        shown = next(iter(runner.run([job])))
    detail = shown.detail
    return Replayed(
        code=code,
        ended=shown.ended,
        reason=shown.reason,
        outcome=value_text(shown.observation) if shown.ended == "outcome" and shown.observation is not None else "",
        steps=tuple(_steps(detail.events)) if detail is not None else (),
        truncated=detail is not None and detail.truncated,
    )


@contextmanager
def _instrumented(setup: Setup, reader: BaselineReader) -> Iterator[tuple[Runner, str]]:
    """Base in a process, and what it is, in words."""
    try:
        base = find_base(Path(setup.root), setup.base, latest_revision(reader).commit)
    except (NoBase, GitMissing):
        if setup.base:
            raise
    else:
        with instrumented_base(setup, reader, base) as runner:
            yield runner, base.label
        return
    process = candidate_process(setup, reader, Versions({}, {}), instrumented=True)
    try:
        process.load()
        yield process, "the working tree"
    finally:
        process.stop()


def _steps(events: list[Event]) -> Iterator[Step]:
    for event in events:
        if event.kind == "decision":
            operands = tuple(Operand(source=text, value=short(value)) for text, value in event.values if text)
            yield Step(text=_words(event), operands=operands, function=event.function, line=event.line)
        elif event.kind == "raise" and event.arm == "left":
            yield Step(text=raised(event), operands=(), function=event.function, line=event.line)


def _words(event: Event) -> str:
    """A decision as a recording says it."""
    return Arm(Branch(event.function, event.key, event.ordinal, event.line), event.arm).words()
