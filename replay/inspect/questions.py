"""Questions to the traces of a baseline: which of them a condition is true of, and what may have been meant instead."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...recorders.errors import UnknownEntry
from ...recorders.store.protocol import BaselineReader
from .condition import Condition, ConditionProblem
from .facts import Facts, facts_of, moment

MOST = 5_000
"""Kept traces that are looked at for one question: at 0.2 ms each, a second."""


class Scope(NamedTuple):
    """Which traces are asked."""

    entry: str = ""
    """Of one entry alone, or all."""
    since: str = ""
    """Begun at this moment or later, as ISO 8601 or the beginning of it; UTC."""
    until: str = ""
    """Begun before it."""
    most: int = MOST

    def holds(self, facts: Facts) -> bool:
        """Whether a trace lies in the span of time."""
        started = moment(facts.trace.started)
        return (not self.since or started >= self.since) and (not self.until or started < self.until)


class Asked(NamedTuple):
    """The traces that were looked at."""

    facts: tuple[Facts, ...]
    kept: int
    """Traces that the baselines keep of the entries in question; where it is more, the others were not looked at."""

    def about(self, condition: Condition) -> Asked:
        """Those of entries of which some trace has what a condition asks for: others have nothing to do with it."""
        entries = {facts.entry for facts in self.facts if condition.has_any(facts)}
        return self._replace(facts=tuple(facts for facts in self.facts if facts.entry in entries))

    def check(self, condition: Condition) -> None:
        """Raise `ConditionProblem` where a condition asks for what none of the traces has."""
        missing = condition.missing(self.facts)
        if not missing:
            return
        columns = sorted({column for facts in self.facts[:200] for column in facts.columns()})
        plain = [column for column in columns if not column.startswith("len(")]
        last = [column.rpartition(".")[2] for column in plain]
        wanted = missing[0]
        near = difflib.get_close_matches(wanted, plain, n=3, cutoff=0.6)
        near += [
            column
            for column, name in zip(plain, last, strict=True)
            if name in difflib.get_close_matches(wanted.rpartition(".")[2], last, n=3, cutoff=0.75)
        ]
        raise UnknownPath(wanted, list(dict.fromkeys(near))[:5], plain)


class UnknownPath(ConditionProblem):
    """No trace has what a condition asks for."""

    def __init__(self, path: str, near: Sequence[str], known: Sequence[str]) -> None:
        """`near` are paths that may have been meant, `known` all of them."""
        hint = f"did you mean {', '.join(near)}?" if near else f"there are for example {', '.join(known[:12])}"
        super().__init__(f"no trace that was looked at has {path}; {hint}")
        self.path = path
        self.near = tuple(near)
        self.known = tuple(known)


def asked(baselines: Sequence[tuple[str, BaselineReader]], scope: Scope) -> Asked:
    """The traces of some baselines in a scope; of each path class as many. Raises `UnknownEntry`, `StoreError`."""
    found: list[Facts] = []
    kept = 0
    for name, reader in baselines:
        known = reader.entries()
        if scope.entry and scope.entry not in known:
            raise UnknownEntry(name, scope.entry, sorted(known))
        kept += sum(len(stored.kept) for stored in reader.classes() if scope.entry in ("", stored.entry))
        found += filter(scope.holds, _facts_of(name, reader, scope, scope.most // len(baselines)))
    return Asked(tuple(found), kept)


def _facts_of(name: str, reader: BaselineReader, scope: Scope, most: int) -> Iterator[Facts]:
    classes = [stored for stored in reader.classes() if scope.entry in ("", stored.entry)]
    revisions = reader.revisions()
    share = max(1, most // max(len(classes), 1))
    for stored in classes:
        weight = stored.count / max(len(stored.kept), 1)
        for trace in itertools.islice(reader.traces(entry=stored.entry, path=stored.path), share):
            facts = facts_of(name, trace, stored, revisions.get(trace.revision), weight=weight)
            if facts is not None:
                yield facts
