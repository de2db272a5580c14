"""Line tracer: what one replay did, step by step, in instrumented code.

Only diverged traces are replayed in detail, in a process of its own for each side, to find where a divergence begins.
`instrument` puts calls of the markers below into included modules. A marker does nothing unless steps are recorded and
the code that runs it belongs to a trace. It gives back what it was given, raises nothing, and keeps frozen copies, so
it runs no code of the service. Only the iteration of a comprehension goes through a marker (`each`).
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Iterator
from types import CodeType, TracebackType
from typing import Any, TypeAlias, TypeVar

from ...recorders.capture.freeze import freeze, frozen_size
from ...recorders.capture.pickle_stubs import Frozen
from ...recorders.capture.readers import class_name
from ...recorders.capture.thaw import thaw
from ...recorders.context import current
from ...recorders.model.branches import FunctionName
from ...recorders.model.full_names import qualname_part
from ..model.steps import DecisionSite, Detail, Event, EventKind, ValueSite, named

EVENT_LIMIT = 20_000
"""Steps that are kept of one replay; as many again of the functions that it is about."""

VALUE_LIMIT = 256_000
"""Bytes of one frozen value."""

TOTAL_LIMIT = 64_000_000
"""Bytes of all frozen values of one replay, after which only small ones are frozen."""

SMALL_LIMIT = 200
"""Bytes of a small value."""


_Frame: TypeAlias = tuple[int, int]
"""(address of the frame, number of the decision)"""

_Raw: TypeAlias = tuple[int, EventKind, FunctionName, str, int, int, str, tuple[str, ...], list[Frozen]]


class Steps:
    """The steps of one replay, while it runs; a context manager. At most one records at a time in a process.

    Threads of the trace count, each as one run of steps where its first step stands; other threads do not. Steps of the
    functions that it is about are counted by themselves: a long replay does not end before it reaches them.
    """

    def __init__(
        self, *, about: Collection[FunctionName] = (), limit: int = EVENT_LIMIT, total: int = TOTAL_LIMIT
    ) -> None:
        self._about = about
        self._names_about = {qualname_part(function) for function in about}
        self._codes: dict[CodeType, bool] = {}
        self._room = {True: limit, False: limit}
        """Steps that may still be kept: of the functions that it is about, and of others."""
        self._left = total
        self._events: list[_Raw] = []
        self._before: Steps | None = None
        self.waiting: dict[_Frame, list[Any]] = {}
        self.truncated = False
        self.faults = 0
        """Steps that were lost by a fault of a marker."""

    def __enter__(self) -> Steps:
        global _active
        self._before, _active = _active, self
        return self

    def __exit__(self, *_exception: object) -> None:
        global _active
        _active = self._before
        self.waiting.clear()

    def is_about(self, code: CodeType) -> bool:
        """Whether steps of a code object still count when there are too many of others; by its name alone."""
        if not self._room[True]:
            return False
        known = self._codes.get(code)
        if known is None:
            known = self._codes[code] = code.co_qualname.partition(".<locals>.<")[0] in self._names_about
        return known

    def freeze(self, value: Any) -> Frozen:
        """A copy of a value as it is now."""
        if self._left < 0:
            self.truncated = True
            return freeze(value, limit=SMALL_LIMIT)
        frozen = freeze(value, limit=VALUE_LIMIT)
        self._left -= frozen_size(frozen)
        return frozen

    def decided(self, site: DecisionSite, arm: str, values: list[Frozen]) -> None:
        """A decision was taken."""
        _, function, condition, ordinal, line, texts, *_ = site
        self._add("decision", function, condition, ordinal, line, arm, texts, values)

    def took(self, kind: EventKind, site: ValueSite, values: list[Frozen]) -> None:
        """A value was taken, or a function entered or left."""
        self._add(kind, site[0], site[1], 0, site[2], "", (site[3],), values)

    def raised(self, function: FunctionName, arm: str, line: int, exception: BaseException) -> None:
        """An exception passed."""
        values = [self.freeze(exception)]
        self._add("raise", function, class_name(type(exception)), 0, line, arm, ("",), values)

    def _add(self, kind: EventKind, function: FunctionName, *rest: Any) -> None:
        is_about = named(function) in self._about
        if not self._room[is_about]:
            self.truncated = True
            return
        self._room[is_about] -= 1
        scope = current()
        self._events.append((scope.lane if scope is not None else 0, kind, function, *rest))

    def detail(self) -> Detail:
        """The steps so far, as a value."""
        lanes: dict[int, list[Event]] = {}
        for lane, kind, function, key, ordinal, line, arm, texts, values in self._events:
            pairs = [(text, thaw(value)) for text, value in zip(texts, values, strict=False)]
            lanes.setdefault(lane, []).append(Event(kind, function, key, ordinal, line, arm, pairs))
        ordered: list[Event] = []
        placed: set[int] = set()
        main = iter(lanes.get(0, []))
        for lane, *_ in self._events:
            if lane == 0:
                ordered.append(next(main))
            elif lane not in placed:
                placed.add(lane)
                ordered.extend(lanes[lane])
        return Detail(ordered, self.truncated or self.faults > 0)


_active: Steps | None = None
"""Marked code has no other way to its recorder: threads of a trace carry nothing but their scope."""

_T = TypeVar("_T")
_get_frame = sys._getframe
_exception_now = sys.exc_info


def _recording(depth: int = 2) -> Steps | None:
    """The steps to add to, if any; marked code runs `depth` frames above."""
    steps = _active
    if steps is None or current() is None or (steps.truncated and not steps.is_about(_get_frame(depth).f_code)):
        return None
    return steps


# --- operands and decisions --------------------------------------------------------------------------------------


def first(number: int, value: _T) -> _T:
    """The first operand of a decision, or the value that a loop or a `match` is about."""
    if _active is not None and (steps := _recording()) is not None:
        try:
            steps.waiting[id(_get_frame(1)), number] = [steps.freeze(value)]
        except Exception:  # noqa: BLE001 - the service must never see a fault of its recorder
            steps.faults += 1
    return value


def further(number: int, value: _T) -> _T:
    """A further operand of a decision."""
    if _active is not None and (steps := _recording()) is not None:
        try:
            steps.waiting.setdefault((id(_get_frame(1)), number), []).append(steps.freeze(value))
        except Exception:  # noqa: BLE001 - the service must never see a fault of its recorder
            steps.faults += 1
    return value


def test(site: DecisionSite, truth: bool) -> bool:
    """A decision, where only the truth of what was tested counts."""
    if _active is not None and (steps := _recording()) is not None:
        try:
            values = steps.waiting.pop((id(_get_frame(1)), site[0]), [])
            steps.decided(site, "true" if truth else "false", values)
        except Exception:  # noqa: BLE001 - the service must never see a fault of its recorder
            steps.faults += 1
    return truth


def leaf(whole: int, site: DecisionSite, value: _T) -> _T:
    """An operand of `and` or `or` whose value counts: what comes next shows its arm."""
    if _active is not None and (steps := _recording()) is not None:
        try:
            frame = id(_get_frame(1))
            steps.waiting[frame, whole] = [site, steps.waiting.pop((frame, site[0]), [])]
        except Exception:  # noqa: BLE001 - the service must never see a fault of its recorder
            steps.faults += 1
    return value


def onward(whole: int, truth: bool) -> bool:
    """Stands before a later operand of `and` (`True`) or `or` (`False`): the operand before it was so."""
    if _active is not None and (steps := _recording()) is not None:
        try:
            known = steps.waiting.pop((id(_get_frame(1)), whole), None)
            if known is not None:
                steps.decided(known[0], "true" if truth else "false", known[1])
        except Exception:  # noqa: BLE001 - the service must never see a fault of its recorder
            steps.faults += 1
    return truth


def settled(whole: int, value: _T) -> _T:
    """The value of `and` or `or`: an operand that still waits for its arm became it."""
    if _active is not None and (steps := _recording()) is not None:
        try:
            known = steps.waiting.pop((id(_get_frame(1)), whole), None)
            if known is not None:
                steps.decided(known[0], known[0][6], known[1])
        except Exception:  # noqa: BLE001 - the service must never see a fault of its recorder
            steps.faults += 1
    return value


# --- loops -------------------------------------------------------------------------------------------------------


def entered(site: DecisionSite) -> None:
    """Stands first in the body of a loop: reported once for each time the loop runs."""
    _looped(site, "entered", id(_get_frame(1)))


def ended(site: DecisionSite) -> None:
    """Stands first after a loop that was not left by `break`: reported where it was not entered."""
    _looped(site, "ended", id(_get_frame(1)))


def _looped(site: DecisionSite, arm: str, frame: int) -> None:
    if _active is not None and (steps := _recording(3)) is not None:
        try:
            values = steps.waiting.pop((frame, site[0]), None)
            if values is not None:
                steps.decided(site, arm, values)
        except Exception:  # noqa: BLE001 - the service must never see a fault of its recorder
            steps.faults += 1


def each(site: DecisionSite, iterable: Iterable[_T]) -> Iterable[_T]:
    """The iterable of a comprehension; it is iterated here, as the comprehension would."""
    if _active is not None and (steps := _recording()) is not None:
        values = steps.waiting.pop((id(_get_frame(1)), site[0]), [])
        return _each(steps, site, values, iter(iterable))
    return iterable


_END: Any = object()


def _each(steps: Steps, site: DecisionSite, values: list[Frozen], iterator: Iterator[_T]) -> Iterator[_T]:
    arm = "entered"
    while (item := next(iterator, _END)) is not _END:
        if arm:
            _told(steps, site, arm, values)
            arm = ""
        yield item
    if arm:
        _told(steps, site, "ended", values)


def _told(steps: Steps, site: DecisionSite, arm: str, values: list[Frozen]) -> None:
    if _recording(3) is steps:
        steps.decided(site, arm, values)


# --- match and except --------------------------------------------------------------------------------------------


def matched(number: int, sites: tuple[DecisionSite | None, ...], position: int) -> bool:
    """The pattern of a case matched (no pattern did when `position` lies behind the last one); always `True`.

    A site is `None` where the pattern always matches.
    """
    if _active is not None and (steps := _recording()) is not None:
        try:
            known = steps.waiting.get((id(_get_frame(1)), number))
            if known is not None:
                subject, reported = known[0], known[1] if len(known) > 1 else 0
                for at in range(reported, min(position + 1, len(sites))):
                    site = sites[at]
                    if site is not None:
                        steps.decided(site, "true" if at == position else "false", [subject])
                known[1:] = [position + 1]
        except Exception:  # noqa: BLE001 - the service must never see a fault of its recorder
            steps.faults += 1
    return True


def caught(function: FunctionName, sites: tuple[DecisionSite, ...], position: int, bare: bool = False) -> None:
    """Stands first in an `except`: of those with a class, the one at `position` took the exception, or none did.

    `bare` says that an `except` without a class took it.
    """
    if _active is not None and (steps := _recording()) is not None:
        try:
            cls, exception, trail = _exception_now()
            if exception is not None and cls is not GeneratorExit and not _is_ours(cls):
                frozen = steps.freeze(exception)
                for at in range(min(position + 1, len(sites))):
                    steps.decided(sites[at], "true" if at == position else "false", [frozen])
                if bare or position < len(sites):
                    steps.raised(function, "caught", _line(trail), exception)
        except Exception:  # noqa: BLE001 - the service must never see a fault of its recorder
            steps.faults += 1


# --- values and functions ----------------------------------------------------------------------------------------


def value(site: ValueSite, taken: _T) -> _T:
    """A value on its way to what takes it."""
    if _active is not None and (steps := _recording()) is not None:
        try:
            steps.took("value", site, [steps.freeze(taken)])
        except Exception:  # noqa: BLE001 - the service must never see a fault of its recorder
            steps.faults += 1
    return taken


def part(site: ValueSite, owner: Any, key: Any) -> None:
    """What an augmented assignment left in `owner[key]`, or, for an attribute, in its `__dict__`; where that is raw."""
    if _active is not None and (steps := _recording()) is not None:
        try:
            held = owner
            if site[3] == "attribute":
                held = object.__getattribute__(owner, "__dict__")
            kind = type(held)
            if (kind is dict or kind is list) and (type(key) is str or type(key) is int):
                steps.took("value", ValueSite(site[0], site[1], site[2]), [steps.freeze(held[key])])
        except Exception:  # noqa: BLE001 - a slot, or a key that is gone: it has no raw value here
            return


def enter(site: ValueSite) -> None:
    """Stands first in a function."""
    if _active is not None and (steps := _recording()) is not None:
        try:
            steps.took("enter", site, [])
        except Exception:  # noqa: BLE001 - the service must never see a fault of its recorder
            steps.faults += 1


def returned(site: ValueSite, result: _T) -> _T:
    """A result on its way out of a function."""
    if _active is not None and (steps := _recording()) is not None:
        try:
            steps.took("return", site, [steps.freeze(result)])
        except Exception:  # noqa: BLE001 - the service must never see a fault of its recorder
            steps.faults += 1
    return result


def left(function: FunctionName, ends_quietly: bool) -> None:
    """Stands in an `except` around the body of a function; `ends_quietly` where `StopIteration` is no exception."""
    if _active is not None and (steps := _recording()) is not None:
        try:
            cls, exception, trail = _exception_now()
            quiet = cls is GeneratorExit or (ends_quietly and (cls is StopIteration or cls is StopAsyncIteration))
            if exception is not None and not quiet and not _is_ours(cls):
                steps.raised(function, "left", _line(trail), exception)
        except Exception:  # noqa: BLE001 - the service must never see a fault of its recorder
            steps.faults += 1


def _is_ours(cls: type[BaseException] | None) -> bool:
    """Whether a replay ends itself: no exception of the service."""
    return cls is not None and class_name(cls).startswith("pytest_runtime.")


def _line(trail: TracebackType | None) -> int:
    """The line of the function that handles an exception at which it arose or came in."""
    return trail.tb_lineno if trail is not None else 0
