"""The cause of failures: what separates them, where the fault shows first, how much it hits, since when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

import msgspec

from ...recorders.model.full_names import module_part
from ...recorders.model.value_tree import DictNode, ObjectNode, field
from .condition import Condition
from .facts import Facts, moment
from .recorded_values import plain
from .side_by_side import SideBySide, side_by_side
from .suspects import Separation, Suspect, separation_of

Domain: TypeAlias = Literal["included code", "dependency", "outbound system", "configuration", "input", "unknown"]

EVIDENCE = 5
"""Failing traces that are named."""


class FirstShows(msgspec.Struct, frozen=True, kw_only=True):
    """Where a fault first shows."""

    domain: Domain
    what: str
    """In words: `POST fraud/validate fails in 12 of 12: TimeoutError`."""
    function: str = ""
    line: int = 0


class Hits(msgspec.Struct, frozen=True, kw_only=True):
    """How much a fault hits, and since when."""

    recorded: int
    """Recorded traces that fail, about."""
    of: int
    """Recorded traces of the entries that were looked at."""
    entries: dict[str, int]
    """Entry → kept traces that fail."""
    callers: int
    """Different clients among the failing kept traces; 0 where nobody says who called."""
    first: str
    """When the first failing trace began, ISO 8601 in UTC."""
    last: str
    passed_before: bool
    """Whether traces passed before the first one failed."""
    commits: dict[str, str]
    """Commit → `12 of 40 fail`."""


class FailureCause(msgspec.Struct, frozen=True, kw_only=True):
    """Why traces fail, as far as traffic can say it."""

    fails: str
    """The condition."""
    separation: Separation
    shows: FirstShows
    hits: Hits
    traces: tuple[str, ...]
    """Some failing traces, to be looked at."""
    passing: tuple[str, ...]
    """Some passing ones of the same entry."""
    variables: SideBySide


class Included(NamedTuple):
    """Whose code is whose."""

    packages: tuple[str, ...]
    """Packages under validation."""

    def holds(self, module: str) -> bool:
        """Whether a module is one of the service's own."""
        return any(module == package or module.startswith(f"{package}.") for package in self.packages)


def failure_cause(facts: Sequence[Facts], fails: Condition, include: Sequence[str], *, kept: int = 0) -> FailureCause:
    """Why the traces fail that a condition is true of; raises `NothingToSeparate`, `ConditionProblem`."""
    facts = _of_failing_entries(facts, fails)
    separation = separation_of(facts, fails)
    failing = [trace for trace in facts if fails.holds(trace)]
    passing = [trace for trace in facts if not fails.holds(trace)]
    return FailureCause(
        fails=fails.text,
        separation=separation,
        shows=_first_shows(failing, passing, separation, Included(tuple(include))),
        hits=_hits(facts, failing, fails),
        traces=tuple(trace.id for trace in failing[:EVIDENCE]),
        passing=tuple(trace.id for trace in passing[:EVIDENCE]),
        variables=side_by_side([*failing, *passing], fails, kept=kept),
    )


def _of_failing_entries(facts: Sequence[Facts], fails: Condition) -> Sequence[Facts]:
    """The traces of entries in which any fails: others have nothing in common with them. All, where in these none
    passes."""
    entries = {trace.entry for trace in facts if fails.holds(trace)}
    of_these = [trace for trace in facts if trace.entry in entries]
    return of_these if any(not fails.holds(trace) for trace in of_these) else facts


def _first_shows(
    failing: Sequence[Facts], passing: Sequence[Facts], separation: Separation, include: Included
) -> FirstShows:
    """Outside first: what was set, then what other systems did, then whose code raised, then which branch was taken."""
    usable = [suspect for suspect in separation.suspects if suspect.certainty != "may be chance"]
    set_up = next((suspect for suspect in usable if _root(suspect) in _CONFIGURED), None)
    if set_up is not None and set_up.failing == separation.failing:
        return FirstShows(domain="configuration", what=_share(set_up, separation))
    outside = _outbound(failing, passing)
    if outside is not None:
        return outside
    raised = _raised(failing, include)
    if raised is not None:
        return raised
    branch = next((suspect for suspect in usable if suspect.function), None)
    if branch is not None:
        what = _share(branch, separation)
        return FirstShows(domain="included code", what=what, function=branch.function, line=branch.line)
    answered = next((suspect for suspect in usable if _root(suspect) == "exchanges"), None)
    if answered is not None:
        return FirstShows(domain="outbound system", what=_share(answered, separation))
    given = next((suspect for suspect in usable if suspect.path), None)
    if given is not None:
        return FirstShows(domain="input", what=_share(given, separation))
    own = _own_exception(failing, include)
    return own or FirstShows(domain="unknown", what="nothing that was recorded separates failing from passing traces")


_CONFIGURED = ("environment", "commit", "python", "baseline", "state")


def _root(suspect: Suspect) -> str:
    return suspect.path.removeprefix("len(").partition(".")[0].partition("[")[0]


def _share(suspect: Suspect, separation: Separation) -> str:
    held = f"{suspect.failing} of {separation.failing} failing and {suspect.passing} of {separation.passing} passing"
    return f"{suspect.text} in {held} traces"


def _outbound(failing: Sequence[Facts], passing: Sequence[Facts]) -> FirstShows | None:
    """The other system that failed in at least half of the failing traces, and in few passing ones."""
    broken: Counter[str] = Counter()
    said: dict[str, str] = {}
    for trace in failing:
        for name, problem in _broken_calls(trace):
            broken[name] += 1
            said.setdefault(name, problem)
    for name, count in broken.most_common():
        elsewhere = sum(any(name == known for known, _problem in _broken_calls(trace)) for trace in passing)
        if 2 * count >= len(failing) and elsewhere * len(failing) < count * max(len(passing), 1) / 2:
            what = f"{name} fails in {count} of {len(failing)} failing traces: {said[name]}"
            return FirstShows(domain="outbound system", what=what)
    return None


def _broken_calls(trace: Facts) -> list[tuple[str, str]]:
    """The calls of a trace that raised, or were answered with a status of 500 and above."""
    calls = field(trace.tree, "exchanges")
    found = []
    for name, call in zip(calls.keys, calls.values, strict=True) if isinstance(calls, DictNode) else ():
        error, status = plain(field(call, "error")), plain(field(field(call, "answer"), "status"))
        if error is not None:
            found.append((str(name), str(error)))
        elif type(status) is int and status >= 500:
            found.append((str(name), f"status {status}"))
    return found


def _exceptions(failing: Sequence[Facts]) -> list[str]:
    """Classes of the exceptions that left failing traces."""
    values = [trace.trace.outcome.value for trace in failing if trace.trace.outcome.kind == "exception"]
    return [value.cls for value in values if isinstance(value, ObjectNode)]


def _raised(failing: Sequence[Facts], include: Included) -> FirstShows | None:
    """A library whose exception leaves most failing traces."""
    classes = _exceptions(failing)
    if 2 * len(classes) < len(failing) or not classes:
        return None
    [(cls, count)] = Counter(classes).most_common(1)
    module = module_part(cls)
    if include.holds(module) or module == "builtins" or 2 * count < len(failing):
        return None
    return FirstShows(
        domain="dependency", what=f"{cls.replace(':', '.')} leaves {count} of {len(failing)} failing traces"
    )


def _own_exception(failing: Sequence[Facts], include: Included) -> FirstShows | None:
    classes = _exceptions(failing)
    if not classes:
        return None
    [(cls, count)] = Counter(classes).most_common(1)
    last = next((trace.trace.functions[-1] for trace in failing if trace.trace.functions), "")
    what = f"{cls.replace(':', '.')} leaves {count} of {len(failing)} failing traces"
    return FirstShows(domain="included code", what=what, function=last)


def _hits(facts: Sequence[Facts], failing: Sequence[Facts], fails: Condition) -> Hits:
    started = sorted(trace.trace.started for trace in failing if trace.trace.started)
    passed = [trace.trace.started for trace in facts if trace.trace.started and not fails.holds(trace)]
    callers = {str(client) for trace in failing if (client := plain(field(field(trace.tree, "request"), "client")))}
    by_commit: dict[str, list[bool]] = {}
    for trace in facts:
        by_commit.setdefault(str(field(trace.tree, "commit")), []).append(fails.holds(trace))
    return Hits(
        recorded=round(sum(trace.weight for trace in failing)),
        of=round(sum(trace.weight for trace in facts)),
        entries=dict(Counter(trace.entry for trace in failing).most_common()),
        callers=len(callers),
        first=moment(started[0]) if started else "",
        last=moment(started[-1]) if started else "",
        passed_before=bool(started and passed and min(passed) < started[0]),
        commits={name or "unknown": f"{sum(held)} of {len(held)} fail" for name, held in by_commit.items()},
    )
