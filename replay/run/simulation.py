"""Simulation: inputs that somebody names, run on base and candidate in the world of a recorded trace."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal, TypeAlias

import msgspec

from ...recorders.capture.thaw import capture
from ...recorders.errors import RuntimeBaselineError
from ...recorders.model.inputs import CallInput, Input
from ...recorders.model.trace import Entry, Trace, TraceId, encode_trace
from ...recorders.model.value_tree import (
    AnchorNode,
    DictNode,
    ListNode,
    ObjectNode,
    StandardNode,
    Tree,
    TupleNode,
)
from ...recorders.store.protocol import StoredTrace
from ..change.checkout import checked_out
from ..compare.observations import compare
from ..entries.catalogue import replayer_of
from ..judge.processes import base_process
from ..judge.sealing import Runner
from ..model.invocation import Invocation
from ..model.job import Job, Observed
from ..model.render import short
from ..model.render_call import call_text, value_text
from .run import Run

Ended: TypeAlias = Literal["same", "differs", "not judged"]

_STEP = re.compile(r"\.?([A-Za-z_][\w -]*)|\[(-?\d+)\]|\[['\"]([^'\"]+)['\"]\]")
"""A step of a path: `.name`, `[0]` or `['key']`."""


class CannotSimulate(RuntimeBaselineError):
    """An input cannot be made, or there is nothing to run it on; the message says what to do."""


class SimulatedField(msgspec.Struct, frozen=True, kw_only=True):
    """A field in which both sides differ."""

    field: str
    base: str
    candidate: str


class Simulated(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one input."""

    input: str
    """As a person would write it."""
    ended: Ended
    base: str
    """What base did: `returned 10`, or why it came to no outcome."""
    candidate: str
    differences: tuple[SimulatedField, ...]


class Simulation(msgspec.Struct, frozen=True, kw_only=True):
    """What came of some inputs."""

    trace: TraceId
    """The recorded trace in whose world they ran."""
    entry: str
    base: str
    """The base, in words."""
    results: tuple[Simulated, ...]


def simulate(run: Run, wanted: str, inputs: Sequence[Mapping[str, Any]]) -> Simulation:
    """Run inputs on base and candidate: each is a recorded trace with other values, by their paths.

    `wanted` is the id of the trace, or the name of an entry, whose most frequent path is taken. What other systems
    answer is what was recorded; an input that asks for more is not judged. Raises `CannotSimulate`, `BaseError`,
    `CannotReplay`.
    """
    stored, entry = _trace_of(run, wanted)
    trace = stored.trace
    assert trace is not None
    made = [_changed(trace, changes) for changes in inputs]
    oracle = run.prepare()
    if oracle.base is None:
        raise CannotSimulate(f"there is no base to compare with: {oracle.reason}")
    jobs = [
        Job(
            stored.id,
            entry,
            stored.data,
            dict(stored.producers),
            fresh=True,
            variant=encode_trace(msgspec.structs.replace(trace, input=given)),
        )
        for given in made
    ]
    rules = run.project.rules(entry.name)
    with _base(run) as base:
        pairs = list(zip(base.run(jobs), run.load().runner.run(jobs), strict=True))
    results = []
    for given, (old, new) in zip(made, pairs, strict=True):
        both = old.observation, new.observation
        found = compare(both[0], both[1], rules) if both[0] is not None and both[1] is not None else []
        ended: Ended = (
            "not judged" if old.ended != "outcome" else "differs" if found or new.ended != "outcome" else "same"
        )
        results.append(
            Simulated(
                input=_input_text(entry, given),
                ended="not judged" if new.ended == "stopped" else ended,
                base=_text(old),
                candidate=_text(new),
                differences=tuple(
                    SimulatedField(field=one.field, base=short(one.base), candidate=short(one.candidate))
                    for one in found
                ),
            )
        )
    return Simulation(trace=stored.id, entry=entry.name, base=oracle.base.label, results=tuple(results))


@contextmanager
def _base(run: Run) -> Iterator[Runner]:
    base, project = run.oracle.base, run.project
    assert base is not None
    with checked_out(base) as folder:
        process = base_process(
            project.setup, project.reader, str(folder), changed_layout=run.oracle.versions.changed_layout
        )
        try:
            process.load()
            yield process
        finally:
            process.stop()


def _trace_of(run: Run, wanted: str) -> tuple[StoredTrace, Entry]:
    """The recorded trace that is meant; raises `CannotSimulate`."""
    reader = run.project.reader
    entries = reader.entries()
    classes = sorted(reader.classes(), key=lambda stored: -stored.count)
    kept = [name for stored in classes if stored.entry == wanted for name in stored.kept.values()]
    prefix = kept[0] if kept else wanted
    found = [stored for stored in reader.traces() if stored.id.startswith(prefix) and stored.trace is not None]
    if not prefix or len(found) != 1 or found[0].entry not in entries:
        raise CannotSimulate(
            f"no one trace has an id that begins with {wanted!r}, and no entry has that name. "
            "`pytest-runtime show NAME ENTRY` names traces"
        )
    return found[0], entries[found[0].entry]


def _input_text(entry: Entry, given: Input) -> str:
    if isinstance(given, CallInput):
        return call_text(Invocation(entry.target or entry.name, given.kind, given.arguments), given.parameters)
    replayer = replayer_of(entry.kind)
    return replayer.render(given, replayer.parts(given))


def _text(observed: Observed) -> str:
    if observed.ended == "outcome" and observed.observation is not None:
        return value_text(observed.observation)
    return f"{observed.ended}: {observed.reason}"


# --- inputs ----------------------------------------------------------------------------------------------------------


def _changed(trace: Trace, changes: Mapping[str, Any]) -> Input:
    """The input of a trace with other values; raises `CannotSimulate` for a path that it does not have."""
    replayer = replayer_of(trace.kind)
    parts = replayer.parts(trace.input)
    for path, value in changes.items():
        steps = _steps(path, trace)
        parts = _put(parts, steps, capture(value), path)
    return replayer.with_parts(trace.input, parts)


def _steps(path: str, trace: Trace) -> list[str | int]:
    """The steps of a path from the parts of an input, whose arguments stand in a tuple without names."""
    found: list[str | int] = []
    end = 0
    while end < len(path):
        step = _STEP.match(path, end)
        if step is None:
            raise CannotSimulate(f"{path!r} is no path: write total, args.order.total, json.items[0].price")
        found.append(int(step[2]) if step[2] else step[1] or step[3])
        end = step.end()
    if isinstance(trace.input, CallInput):
        return _argument_steps(found, path, trace.input)
    return found[1:] if found[:1] == ["request"] else found


def _argument_steps(found: list[str | int], path: str, given: CallInput) -> list[str | int]:
    steps = found[1:] if found[:1] == ["args"] else found
    if not steps:
        raise CannotSimulate(f"{path!r} names no argument")
    if steps[0] == "self":
        return [0, *steps[1:]]
    names = [*given.parameters][: len(given.positional)]
    return [1, names.index(str(steps[0])), *steps[1:]] if steps[0] in names else [2, *steps]


def _put(tree: Tree, steps: Sequence[str | int], value: Tree, path: str) -> Tree:
    """A tree with another value at a place; a new key of a dict may be added."""
    if not steps:
        return _as_before(tree, value)
    step, rest = steps[0], steps[1:]
    match tree:
        case AnchorNode(number=number, value=inner):
            return AnchorNode(number, _put(inner, steps, value, path))
        case ListNode(items=items) | TupleNode(items=items) if isinstance(step, int) and -len(items) <= step < len(
            items
        ):
            changed = list(items)
            changed[step] = _put(items[step], rest, value, path)
            return type(tree)(changed)
        case DictNode(keys=keys, values=values) if step in keys:
            at = keys.index(step)
            return DictNode(keys, [*values[:at], _put(values[at], rest, value, path), *values[at + 1 :]])
        case DictNode(keys=keys, values=values) if not rest:
            return DictNode([*keys, step], [*values, value])
        case ObjectNode(names=names, values=values) if step in names:
            at = names.index(str(step))
            parts = [*values[:at], _put(values[at], rest, value, path), *values[at + 1 :]]
            return msgspec.structs.replace(tree, values=parts)
        case _:
            raise CannotSimulate(
                f"the recorded input has nothing at {path!r}; show_trace or `explain` shows what it has"
            )


def _as_before(before: Tree, value: Tree) -> Tree:
    """A value that JSON cannot say, of the type that stood there: a decimal of its text."""
    if isinstance(before, StandardNode) and before.kind == "decimal" and isinstance(value, str | int | float):
        return StandardNode("decimal", [str(value)])
    return value
