"""Provenance: objects that a trace was given are made again by replaying what made them.

The traces that made an object, or changed it last, run on the code under test, each behind its own recorded world; a
private attribute may then have another name, a class hold its state in another way or live in another module.
Recorded state is put into an object only where nobody knows who made it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from ...recorders.capture.thaw import capture
from ...recorders.model.inputs import CallInput
from ...recorders.model.trace import Trace, TraceId, decode_trace
from ...recorders.model.value_tree import ClassName, ObjectNode, StandardNode, walk
from ..model.digests import Digests
from .rebuild import Find, Stand, build
from .resolver import Resolver, Unbuildable

DEPTH_LIMIT = 40
"""Producers behind each other; a hostile baseline may name more, or a circle of them."""

_NUMBER = re.compile(r"[0-9]{1,9}")

RunProducer = Callable[[Trace, Callable[[Stand], Any]], tuple[Any, Any]]
"""Runs a trace with the arguments that it asks for; gives them and what it returned (of a constructor, the instance).
Raises `Unbuildable` when it came to nothing."""


class Producers:
    """The traces behind one trace, replayed at most once each."""

    def __init__(
        self,
        resolver: Resolver,
        known: Mapping[TraceId, bytes],
        run: RunProducer,
        changed_layout: frozenset[ClassName],
        *,
        look: bool = True,
    ) -> None:
        """`changed_layout` are classes that hold their state in another way than when it was recorded; `look` says
        whether objects that were made again are looked at, which takes time."""
        self._resolver = resolver
        self._known = known
        self._run = run
        self._relaid = changed_layout
        self._look = look
        self._done: dict[TraceId, tuple[Any, Any]] = {}
        """trace → (its arguments, its value), live."""
        self._looked_at: set[tuple[TraceId, str]] = set()
        """Where objects of the trace itself came from: what its makers were given shows in what they made."""
        self._depth = 0
        self.mismatched: list[str] = []
        """Objects that are not as they were when they were recorded, by where they came from."""

    def arguments(self, trace: Trace, stand: Stand) -> Any:
        """(receiver, args, kwargs) of a function's trace, live; `stand` gives what stands for its callables and
        iterators. Raises `Unbuildable`."""
        if not isinstance(trace.input, CallInput):
            raise Unbuildable(f"{trace.entry} is no function")
        return build(trace.input.arguments, self._resolver, self.finder(trace), stand)

    def finder(self, trace: Trace) -> Find:
        """What finds the objects of a trace that have a known origin."""
        return lambda node: self._find(node, trace)

    def trace(self, name: TraceId) -> Trace:
        """A producer; raises `Unbuildable` where the baseline has none of that name."""
        if name not in self._known:
            raise Unbuildable(f"the baseline does not hold the trace {name}, which made what it depends on")
        return decode_trace(self._known[name])

    def started(self, name: TraceId) -> float:
        """When a producer began; raises `Unbuildable` where there is none."""
        return self.trace(name).started

    def _find(self, node: ObjectNode, trace: Trace) -> Any:
        kind, _, rest = node.origin.partition(" ")
        if kind == "named":
            return self._named(node, rest)
        number, _, place = rest.partition(" ")
        if kind != "made" or not _NUMBER.fullmatch(number) or int(number) >= len(trace.producers):
            return None
        name = trace.producers[int(number)]
        if name not in self._known or _holds_stream(node):
            return None
        found = _at(self.produced(name), place)
        if self._look and self._depth == 0 and (name, place) not in self._looked_at:
            self._looked_at.add((name, place))
            if not _is_like(found, node):
                self.mismatched.append(node.origin)
        return found

    def _named(self, node: ObjectNode, name: str) -> Any:
        """What the module holds there, where it is as it was; a class with a changed layout cannot say."""
        found = self._resolver.held(name)
        if found is None or (node.cls not in self._relaid and not _is_like(found, node)):
            return None
        return found

    def produced(self, name: TraceId) -> tuple[Any, Any]:
        """Replay a producer, once; its arguments and its value, live. Raises `Unbuildable`."""
        if name not in self._done:
            if self._depth >= DEPTH_LIMIT:
                raise Unbuildable(f"more than {DEPTH_LIMIT} traces lie behind an object that it was given")
            trace = self.trace(name)
            self._depth += 1
            try:
                self._done[name] = self._run(trace, lambda stand: self.arguments(trace, stand))
            finally:
                self._depth -= 1
        return self._done[name]


def _at(produced: tuple[Any, Any], place: str) -> Any:
    """The object at a place of what a trace was given or gave; raises `Unbuildable` when it is not there any more."""
    (receiver, args, kwargs), value = produced
    where, *steps = place.split("/")
    found: Any = {"value": value, "receiver": receiver, "args": args, "kwargs": kwargs}.get(where)
    try:
        for step in steps:
            found = _inside(found, step)
    except LookupError as error:
        raise Unbuildable(f"what made an object that it was given gives no such object any more, at {place}") from error
    if found is None:
        raise Unbuildable(f"what made an object that it was given gives none any more, at {place}")
    return found


def _inside(value: Any, step: str) -> Any:
    """An item of a plain container; raises `LookupError`. Nothing else is looked into: that would run its code."""
    if type(value) is dict:
        return value[step]
    if type(value) in (list, tuple) and _NUMBER.fullmatch(step):
        return value[int(step)]
    raise LookupError(step)


def _holds_stream(node: ObjectNode) -> bool:
    """Whether a generator or a coroutine is in an object: what this trace took of it, its maker did not."""
    return any(isinstance(part, StandardNode) and part.kind == "consumed" for part in walk(node))


def _is_like(found: Any, node: ObjectNode) -> bool:
    """Whether a live object is in the recorded state, private attributes and all."""
    now = capture(found)
    return Digests(now, whole=True).of(now) == Digests(node, whole=True).of(node)
