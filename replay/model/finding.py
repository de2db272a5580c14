"""What exploring found, as values that can be printed, compared and sent."""

from __future__ import annotations

import msgspec

from .verdict import FieldDifference, Location


class Finding(msgspec.Struct, frozen=True):
    """An input on which base and candidate differ."""

    call: str
    """The input as a person would write it."""
    near: bool
    """Whether every part of it lies within what was observed, or on the edge of a constant."""
    base: str
    """What base did, in words."""
    candidate: str
    differences: tuple[FieldDifference, ...]
    location: Location | None
    entry: str
    """Through which it is seen."""
    path: str
    """Path class of the recorded trace that it was made from."""
    words: str
    """That class, in words."""
    seen: str = ""
    """For an inner function: what the entry shows when this call inside it gets that input."""
    test: str = ""
    """The body of a test that asserts what base does; empty where there can be none, with the reason in `no_test`."""
    no_test: str = ""


class TrialCounts(msgspec.Struct, frozen=True, kw_only=True):
    """The results of the inputs, counted."""

    examples: int = 0
    """Inputs that were tried on both sides."""
    same: int = 0
    rejected: int = 0
    """Inputs that led either side to something unrecorded, or that were left because others like them did not end."""
    precondition_violations: int = 0
    """Inputs on which base itself fails as code fails on input that it was never meant for."""
    not_propagated: int = 0
    """Inputs on which the function differs, and what its entry shows does not."""
    inconclusive: int = 0
    """Inputs on which the function differs, and of which it is not known whether its entry shows it."""


class Explored(msgspec.Struct, frozen=True, kw_only=True):
    """The result of exploring one function or entry."""

    target: str
    item: str
    reason: str = ""
    """Why it was not explored, or empty."""
    recorded: int = 0
    """Recorded inputs that others were made from."""
    counts: TrialCounts = TrialCounts()
    findings: tuple[Finding, ...] = ()
    kept: int = 0
    """Inputs of earlier runs that were tried first."""
    seconds: float = 0.0


def encode_explored(explored: Explored) -> str:
    """As JSON, so that it passes from one process to another."""
    return msgspec.json.encode(explored).decode()


def decode_explored(text: str) -> Explored:
    """From JSON."""
    return msgspec.json.decode(text, type=Explored)
