"""Reasons: why a trace is not judged, or what is to be said of its verdict; each with a code, a sentence and a cure."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import msgspec

NOT_AS_RECORDED = "base does not replay as recorded"


class StopCode(StrEnum):
    """What stopped a replay before its entry ended."""

    UNRECORDED = "unrecorded"
    """The program asked for something new."""
    REFUSED = "refused"
    """It would have left the process."""
    GAP = "gap"
    """The recording does not hold what it should."""
    INPUT = "input"
    """What it was given cannot be rebuilt."""


class ReasonCode(StrEnum):
    """What a reason is about."""

    # Why base is no evidence for a trace.
    GONE = "gone"
    CHANGED = "changed"
    INPUT = "input"
    REFUSED = "refused"
    UNRECORDED = "unrecorded"
    REDACTED = "redacted"
    STATE = "state"
    PATH = "path"
    UNEXPLAINED = "unexplained"
    RECORDING = "recording"
    """The baseline itself lacks something."""
    APPLICATION = "application"
    """Base cannot be made to answer at all."""

    # Why nothing can be said of a trace that base is evidence for.
    INNER = "inner"
    """A call inside of an entry that cannot be replayed differs, and nobody outside may be able to see it."""
    CANDIDATE = "candidate"
    """Base replays as recorded, and the candidate alone gives nothing to judge."""
    STOPPED = "stopped"
    """Without base: the replay ended early, or shows what was not captured."""
    REBUILD = "rebuild"
    """What the candidate was given cannot be rebuilt."""
    RESTORED = "restored"
    """Recorded state was put into a class that changed."""
    SECRET = "secret"
    """Without base, a redacted value makes a difference of its own."""
    UNKNOWN = "unknown"
    """A part of it was not captured."""
    VOLATILE = "volatile"
    """All of it changes between replays of base."""
    IGNORED = "ignored"
    """The project's rules take all of it out of the comparison."""
    RULE = "rule"
    """A rule of the project takes it for equal."""
    FAILED = "failed"
    """It hung, crashed, or could not be replayed or compared."""

    # What is to be said of a verdict.
    UNSTABLE_PATH = "unstable path"
    SEEN_INSIDE = "seen inside"
    """What was judged is a call inside of an entry that cannot be replayed."""
    KEPT_STATE = "kept state"
    NEW_NAMES = "new names"
    NOT_LOCATED = "not located"
    UNSEEN = "unseen"
    """There may be differences that nobody accepted."""
    ACCEPTED = "accepted"
    """In the words of whoever reviewed it."""


UNFAITHFUL = frozenset(
    {
        ReasonCode.GONE,
        ReasonCode.CHANGED,
        ReasonCode.INPUT,
        ReasonCode.REFUSED,
        ReasonCode.UNRECORDED,
        ReasonCode.REDACTED,
        ReasonCode.STATE,
        ReasonCode.PATH,
        ReasonCode.UNEXPLAINED,
    }
)
"""Codes of traces that base replays, and not as they were recorded."""


class Reason(msgspec.Struct, frozen=True, array_like=True):
    """Why a trace is not judged, or what is to be said of it; falsy where there is nothing to say."""

    code: ReasonCode | None = None
    cause: str = ""
    """In words, the same for all traces that share it: ``computes with the redacted cookie `session` ``."""
    difference: str = ""
    """The first thing that base's replay shows and the recording does not: `recorded 200, replayed 401`."""
    cure: str = ""
    """What to do about it."""

    def __bool__(self) -> bool:
        return self.code is not None

    @property
    def sentence(self) -> str:
        """The whole reason, for one trace."""
        prefix = NOT_AS_RECORDED if self.code in UNFAITHFUL else ""
        return ": ".join(part for part in (prefix, self.difference, self.cause) if part)


NO_REASON = Reason()

LOOK = "replay one by itself and look: pytest --runtime-baseline=NAME --runtime-trace ID --pdb"

CURES: dict[ReasonCode, str] = {
    ReasonCode.GONE: "record again: the baseline is older than base",
    ReasonCode.CHANGED: "record again, or accept the change of base in runtime-accepted.toml (--runtime-accept)",
    ReasonCode.INPUT: (
        "name entries that take plain values (entries = [...]), or let what cannot be rebuilt be made by included code"
    ),
    ReasonCode.REFUSED: (
        'declare the function that reaches out as a boundary: boundaries = ["package.module.function"]'
    ),
    ReasonCode.UNRECORDED: (
        "record traffic in which base itself makes this call, or declare it under boundaries = [...]"
    ),
    ReasonCode.REDACTED: (
        "the value is not in the baseline; where it may be stored, name it under keep = [...] in "
        "[tool.pytest-runtime.redact] and record again"
    ),
    ReasonCode.STATE: (
        "make that state when the module is imported, in the application's factory (app = ...), or in an entry of the "
        "recording, so that a replay makes it too"
    ),
    ReasonCode.PATH: LOOK,
    ReasonCode.UNEXPLAINED: LOOK,
    ReasonCode.RECORDING: "record it again",
    ReasonCode.INNER: (
        "let what calls it be given plain values, or values that included code made, so that a replay reaches it from "
        "outside"
    ),
    ReasonCode.CANDIDATE: ("see what the change does there: pytest --runtime-baseline=NAME --runtime-trace ID --pdb"),
}
"""The one thing to do about each code, where there is one."""


def because(code: ReasonCode, cause: str, difference: str = "") -> Reason:
    """A reason with the cure of its code."""
    return Reason(code, cause, difference, CURES.get(code, ""))


def joined(reasons: Iterable[Reason]) -> Reason:
    """Several notes as one, which goes by the code of the first; nothing of none."""
    said = [reason for reason in reasons if reason]
    if len(said) < 2:
        return said[0] if said else NO_REASON
    return Reason(said[0].code, "; ".join(reason.sentence for reason in said))
