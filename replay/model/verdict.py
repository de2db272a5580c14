"""Verdicts: what was found of one trace, as a value that can be printed, compared and sent."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from .difference import DifferenceKind
from .reason import NO_REASON, Reason

Verdict: TypeAlias = Literal["same", "accepted", "diverged", "not judged", "hung", "crashed", "error"]
VERDICTS: tuple[Verdict, ...] = ("same", "accepted", "diverged", "not judged", "hung", "crashed", "error")
BAD: tuple[Verdict, ...] = ("diverged", "hung", "crashed", "error")
"""Verdicts that fail an item."""


CauseKind: TypeAlias = Literal["decision", "raise", "call", "value", "outbound", "change"]
"""What a divergence begins with: a decision whose arm differs, an exception on one side, an inner call with another
result, a line that computes another value, an outbound call, or, where nothing of these is seen, a changed line."""


class Location(msgspec.Struct, frozen=True):
    """Where a divergence begins."""

    file: str
    """Relative to the project's root where it lies inside."""
    line: int
    function: str
    """`module:qualname`"""
    condition: str | None
    """The condition of the decision with another arm; `None` where no decision did."""
    how: str
    """In words: what is different there."""
    kind: CauseKind = "change"
    base: str = ""
    """What happened there on base: `27677.65 > 10000 is true`; empty where there is nothing to say."""
    candidate: str = ""
    deleted: str = ""
    """Text of a statement of base that is gone and that stood before the line; behind it, where none follows."""
    between: tuple[str, str] = ("", "")
    """Where one is deleted: the lines of the code under test before and after it; empty where there is none."""
    seen_in: str = ""
    """The trace that was looked at, where it is not this one: its divergence is like this one's, its values differ."""


class FieldDifference(msgspec.Struct, frozen=True):
    """One field in which candidate and base differ, in plain data."""

    kind: DifferenceKind
    field: str
    base: msgspec.Raw
    """As JSON."""
    candidate: msgspec.Raw
    base_text: str
    candidate_text: str
    shown: str = ""
    """The field in the words of the function, as `items[0]`; empty where the field itself says it."""


class Tolerated(msgspec.Struct, frozen=True):
    """What one of the project's rules of comparison did in one trace."""

    rule: str
    """In words: `response.json.score within 1e-09`."""
    reason: str
    differences: int = 0
    """Differences that it tolerated."""
    ignored: int = 0
    """Values of base that are not compared because of it."""


EffectKind: TypeAlias = Literal["same", "changed", "extra", "missing", "moved", "refused"]
"""How an outbound call of the candidate relates to base's: `extra` ones only the candidate makes, `missing` ones only
base; `moved` ones come in another order; `refused` ones tried to leave the process."""


class Effect(msgspec.Struct, frozen=True):
    """An outbound call, in words, on both sides."""

    kind: EffectKind
    base: str
    """Empty where only the candidate makes it."""
    candidate: str
    effect: str
    """`read`, `write` or `session`."""
    details: tuple[str, ...] = ()
    """What of the request changed: `json.high_value: True → False`."""


class TraceVerdict(msgspec.Struct, frozen=True):
    """What was found of one trace."""

    trace: str
    verdict: Verdict
    why: Reason = NO_REASON
    """Why it was not judged, what failed, or what is to be said of it."""
    differences: tuple[FieldDifference, ...] = ()
    location: Location | None = None
    asserted: int = 0
    """Values that were compared, volatile ones left out."""
    tolerated: tuple[Tolerated, ...] = ()
    left_out: int = 0
    """Differences that are not reported: each is like one that is."""
    unseen: bool = False
    """Whether there may be differences of other kinds than those that are reported."""
    test: str = ""
    """The body of a plain test that asserts what base does; empty where none was asked for, or there can be none."""
    no_test: str = ""
    """Why there can be none."""
    effects: tuple[Effect, ...] = ()
    """The outbound calls of both sides, where one of them differs."""

    @property
    def reason(self) -> str:
        """The same, as a sentence."""
        return self.why.sentence


class ClassVerdict(msgspec.Struct, frozen=True):
    """What was found of one path class: the content of one pytest item."""

    entry: str
    path: str
    item: str
    """Name of the item."""
    words: str
    """The conditions that distinguish this class from its siblings."""
    recorded: int
    """Traces of the class that were recorded, kept or not."""
    traces: tuple[TraceVerdict, ...]

    def count(self, verdict: Verdict) -> int:
        """How many of its traces came to a verdict."""
        return sum(trace.verdict == verdict for trace in self.traces)


def encode_verdict(verdict: ClassVerdict) -> str:
    """As JSON, so that it passes from one process to another."""
    return msgspec.json.encode(verdict).decode()


def decode_verdict(text: str) -> ClassVerdict:
    """From JSON."""
    return msgspec.json.decode(text, type=ClassVerdict)
