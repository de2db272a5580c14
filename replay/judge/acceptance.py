"""Acceptances: reviewed statements, in the repository, that a divergence is intended.

An acceptance fits the differences of one field pattern, of one kind and of two shapes, on one path of one entry, and
nothing else: accepting a total on one branch does not accept it on another. The file has no recorded values in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

import msgspec

from ...recorders.model.printable import printable
from ..model.difference import DifferencePart
from ..model.field_path import field_pattern as pattern_of
from ..model.reason import Reason, ReasonCode
from ..model.shape_text import ShapeText, covers, joined, kind_of, shape_text
from ..model.verdict import ClassVerdict, FieldDifference, TraceVerdict

ClassKey: TypeAlias = tuple[str, str]
"""(entry, path digest)"""

UNSEEN = "all {count} differences that are reported of it are accepted, but there may be others"

_STATUS = "response.status"


class Acceptance(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One reviewed statement. The order of the fields is the order in the file."""

    entry: str
    path: str
    """Digest of the path class: the same for the same arms when a baseline is recorded again."""
    conditions: str
    """The class in words, for people; no part of what fits."""
    field: str
    """With `[*]` for positions and for keys that are data, `<id>` for parts of a route that are."""
    kind: DifferencePart
    base: ShapeText
    candidate: ShapeText
    reason: str
    explored: bool = False
    """Whether it was seen on an input that was not recorded: a run that does not explore cannot miss it."""

    @property
    def key(self) -> ClassKey:
        """The path class that it is about."""
        return self.entry, self.path

    @property
    def identity(self) -> tuple[str, ...]:
        """Everything that decides what fits."""
        return self.entry, self.path, self.field, self.kind, self.base, self.candidate

    def describe(self) -> str:
        """In a line, for people."""
        where = f"{self.entry} · {self.conditions}" if self.conditions else self.entry
        return f"{where} · {self.field}: {self.base} → {self.candidate} ({self.reason})"


class _Seen(NamedTuple):
    """A difference, as an acceptance may say it."""

    entry: str
    path: str
    field: str
    kind: DifferencePart
    base: ShapeText
    candidate: ShapeText

    def fits(self, acceptance: Acceptance) -> bool:
        """Whether an acceptance is about this."""
        said = acceptance.entry, acceptance.path, acceptance.field, acceptance.kind
        return said == self[:4] and covers(acceptance.base, self.base) and covers(acceptance.candidate, self.candidate)


def _seen(verdict: ClassVerdict, difference: FieldDifference) -> _Seen:
    exact = difference.field == _STATUS
    return _Seen(
        printable(verdict.entry),
        printable(verdict.path),
        field_pattern(difference),
        difference.kind.part,
        shape_text(difference.base, difference.base_text, exact=exact),
        shape_text(difference.candidate, difference.candidate_text, exact=exact),
    )


def field_pattern(difference: FieldDifference) -> str:
    """The field without what differs from trace to trace: positions, and keys and parts of routes that are data."""
    return printable(pattern_of(difference.field, outbound=difference.kind.is_outbound))


# --- applying --------------------------------------------------------------------------------------------------------


class Applied(NamedTuple):
    """Verdicts with the acceptances taken into account."""

    verdicts: tuple[ClassVerdict, ...]
    used: tuple[Acceptance, ...]
    idle: tuple[Acceptance, ...]
    """Those that fit nothing that was seen; whether that says anything is for `unmatched`."""

    def unmatched(self, judged: Collection[ClassKey], known: Collection[ClassKey]) -> tuple[Acceptance, ...]:
        """The acceptances that match nothing, although their class was judged, or is not in the baseline any more.

        `judged` are the classes whose traces were all judged (see `judged_classes`), `known` those of the baseline. A
        run that was narrowed complains only about what it looked at.
        """
        return tuple(acceptance for acceptance in self.idle if acceptance.key in judged or acceptance.key not in known)


def apply(verdicts: Iterable[ClassVerdict], acceptances: Iterable[Acceptance]) -> Applied:
    """The verdicts in which a trace whose every difference is accepted has the verdict `accepted`, and why."""
    known = tuple(acceptances)
    by_key: dict[ClassKey, list[Acceptance]] = {}
    for acceptance in known:
        by_key.setdefault(acceptance.key, []).append(acceptance)
    used: set[Acceptance] = set()
    found = []
    for verdict in verdicts:
        candidates = by_key.get((printable(verdict.entry), printable(verdict.path)), [])
        traces = tuple(_applied(verdict, trace, candidates, used) for trace in verdict.traces)
        found.append(msgspec.structs.replace(verdict, traces=traces))
    in_order = tuple(acceptance for acceptance in known if acceptance in used)
    return Applied(tuple(found), in_order, tuple(acceptance for acceptance in known if acceptance not in used))


def _applied(
    verdict: ClassVerdict, trace: TraceVerdict, candidates: list[Acceptance], used: set[Acceptance]
) -> TraceVerdict:
    if trace.verdict not in ("diverged", "accepted") or not trace.differences:
        return trace
    seen = [_seen(verdict, difference) for difference in trace.differences]
    fitting = [[acceptance for acceptance in candidates if part.fits(acceptance)] for part in seen]
    used.update(acceptance for several in fitting for acceptance in several)
    if not all(fitting) or (trace.left_out and not _fit_what_lies_between(seen, candidates)):
        return msgspec.structs.replace(trace, verdict="diverged")
    if trace.unseen:
        reason = Reason(ReasonCode.UNSEEN, UNSEEN.format(count=len(trace.differences)))
        return msgspec.structs.replace(trace, verdict="diverged", why=reason)
    reasons = dict.fromkeys(several[0].reason for several in fitting)
    return msgspec.structs.replace(
        trace, verdict="accepted", why=Reason(ReasonCode.ACCEPTED, "; ".join(sorted(reasons)))
    )


def _fit_what_lies_between(seen: Iterable[_Seen], candidates: Iterable[Acceptance]) -> bool:
    """Whether the differences that are not reported are accepted too: each lies between reported ones of its sort."""
    sorts: dict[tuple[str, ...], list[_Seen]] = {}
    for part in seen:
        sorts.setdefault((*part[:4], kind_of(part.base), kind_of(part.candidate)), []).append(part)
    return all(
        any(all(part.fits(acceptance) for part in parts) for acceptance in candidates) for parts in sorts.values()
    )


def judged_classes(verdicts: Iterable[ClassVerdict]) -> frozenset[ClassKey]:
    """The classes of which every trace was judged. Not for a run that was narrowed to single traces."""
    return _classes_with(verdicts, {"same", "accepted", "diverged"})


def settled_classes(verdicts: Iterable[ClassVerdict]) -> frozenset[ClassKey]:
    """The classes of which every trace was judged and none diverged."""
    return _classes_with(verdicts, {"same", "accepted"})


def _classes_with(verdicts: Iterable[ClassVerdict], wanted: set[str]) -> frozenset[ClassKey]:
    whole = (
        verdict for verdict in verdicts if verdict.traces and all(trace.verdict in wanted for trace in verdict.traces)
    )
    return frozenset((printable(verdict.entry), printable(verdict.path)) for verdict in whole)


# --- writing and taking back -----------------------------------------------------------------------------------------


def propose(verdicts: Iterable[ClassVerdict], reason: str, *, explored: bool = False) -> list[Acceptance]:
    """Acceptances of exactly the divergences found, in order; lengths seen in several traces become one range.

    `explored` says that they were found on inputs that were not recorded.
    """
    said = printable(" ".join(reason.split()))
    if not said:
        raise ValueError("an acceptance needs a reason that a reviewer can judge")
    ranges: dict[tuple[str, ...], Acceptance] = {}
    for words, seen in _divergences(verdicts):
        group = (*seen[:4], kind_of(seen.base), kind_of(seen.candidate))
        before = ranges.get(group)
        ranges[group] = Acceptance(
            entry=seen.entry,
            path=seen.path,
            conditions=min(words, before.conditions) if before else words,
            field=seen.field,
            kind=seen.kind,
            base=joined(before.base, seen.base) if before else seen.base,
            candidate=joined(before.candidate, seen.candidate) if before else seen.candidate,
            reason=said,
            explored=explored,
        )
    return sorted(ranges.values())


def _divergences(verdicts: Iterable[ClassVerdict]) -> Iterator[tuple[str, _Seen]]:
    for verdict in verdicts:
        for trace in verdict.traces:
            if trace.verdict == "diverged":
                for difference in trace.differences:
                    yield printable(verdict.words), _seen(verdict, difference)


def merge(existing: Iterable[Acceptance], proposed: Iterable[Acceptance]) -> list[Acceptance]:
    """Both, in order; what an existing acceptance covers already is not said again, and keeps its reason."""
    kept = list(existing)
    for acceptance in proposed:
        seen = _Seen(*acceptance.identity)  # type: ignore[arg-type]  # the same six, of which one is a literal
        if not any(seen.fits(other) for other in kept):
            kept.append(acceptance)
    return sorted(kept)


class Pruned(NamedTuple):
    """What is left, and what is not."""

    kept: tuple[Acceptance, ...]
    removed: tuple[Acceptance, ...]


def prune(acceptances: Iterable[Acceptance], still_needed: Collection[Acceptance]) -> Pruned:
    """Keep those that are still needed."""
    ordered = sorted(acceptances)
    kept = tuple(acceptance for acceptance in ordered if acceptance in still_needed)
    return Pruned(kept, tuple(acceptance for acceptance in ordered if acceptance not in still_needed))


def still_needed(applied: Applied, known: Collection[ClassKey], *, gone: bool = False) -> list[Acceptance]:
    """Those that fit something, and those of which this run cannot say that base has what they accept.

    It can where every trace of the class was judged and none diverges. With `gone`, those whose class is not in the
    baseline (`known`) are not needed either: they cannot be judged, here or ever, by this baseline.
    """
    settled = settled_classes(applied.verdicts)
    idle = (
        acceptance
        for acceptance in applied.idle
        if acceptance.key not in settled and not (gone and acceptance.key not in known)
    )
    return [*applied.used, *idle]


def doubles(acceptances: Sequence[Acceptance]) -> list[int]:
    """Positions of those that say what one before them says."""
    counts: Counter[tuple[str, ...]] = Counter()
    found = []
    for position, acceptance in enumerate(acceptances):
        counts[acceptance.identity] += 1
        if counts[acceptance.identity] > 1:
            found.append(position)
    return found
