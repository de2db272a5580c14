"""This file is about what exploring found, as values that can be printed, compared and sent."""

from __future__ import annotations

import msgspec

from ..model.verdict import FieldDifference, Location


class Finding(msgspec.Struct, frozen=True):
    """An input on which base and candidate differ."""

    call: str
    """The input as a person would write it."""
    near: bool
    """Whether every part of it lies within what was observed, or on the edge of a literal."""
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
    """For an inner function: what the entry shows when this call inside it is made so."""
    test: str = ""
    """The body of a test that asserts what base does; empty where there can be none, with the reason in `no_test`."""
    no_test: str = ""


class Explored(msgspec.Struct, frozen=True, kw_only=True):
    """What exploring one function or entry came to."""

    target: str
    item: str
    reason: str = ""
    """Why it was not explored, or empty."""
    recorded: int = 0
    """Recorded inputs that others were made from."""
    examples: int = 0
    """Inputs that were tried on both sides."""
    same: int = 0
    set_aside: int = 0
    """Inputs that led either side to something that nobody recorded."""
    no_evidence: int = 0
    """Inputs on which base itself fails as code fails on nonsense."""
    inside: int = 0
    """Inputs on which the function differs, and what its entry shows does not."""
    unsettled: int = 0
    """Inputs on which the function differs, and of which nobody can tell whether its entry shows it."""
    findings: tuple[Finding, ...] = ()
    kept: int = 0
    """Inputs of earlier runs that were tried first."""
    seconds: float = 0.0

    @property
    def near(self) -> tuple[Finding, ...]:
        """Those that fail the item."""
        return tuple(one for one in self.findings if one.near)

    @property
    def far(self) -> tuple[Finding, ...]:
        """Those that are listed."""
        return tuple(one for one in self.findings if not one.near)


def encode_explored(explored: Explored) -> str:
    """As JSON, so that it passes from one process to another."""
    return msgspec.json.encode(explored).decode()


def decode_explored(text: str) -> Explored:
    """From JSON."""
    return msgspec.json.decode(text, type=Explored)
