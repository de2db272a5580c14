"""A rule of comparison as a project writes it: one table `[[tool.pytest-runtime.compare]]`.

It is read with the configuration, also where a service is recorded, so nothing that judges is imported here.
"""

from __future__ import annotations

import math
from typing import Literal, TypeAlias

import msgspec

Normaliser: TypeAlias = Literal["uuid", "timestamp", "whitespace", "case"]
COMPARISONS = ("tolerance", "relative", "unordered", "ignore", "normalise")
"""What a rule may say; each says exactly one."""


class CompareRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How one field is compared, and why."""

    field: str
    """Pattern of a field: `response.json.items[*].score`; see `replay.model.field_path.fits`."""
    entry: str = "*"
    """Glob of the entries that it is about."""
    tolerance: float | None = None
    """Numbers of one type may differ by so much."""
    relative: float | None = None
    """Numbers of one type may differ by this share of the larger one."""
    unordered: bool | None = None
    """A list or tuple is compared without its order."""
    ignore: bool | None = None
    """It is not compared at all."""
    normalise: Normaliser | None = None
    """What is left out of texts (and times) before they are compared."""
    reason: str

    @property
    def words(self) -> str:
        """In a line, without the reason."""
        where = f"{self.field} of {self.entry}" if self.entry != "*" else self.field
        if self.tolerance is not None:
            return f"{where} within {self.tolerance:g}"
        if self.relative is not None:
            return f"{where} within {self.relative:g} of its value"
        if self.normalise is not None:
            return f"{where} with {self.normalise} normalised"
        return f"{where} in any order" if self.unordered else f"{where} ignored"


def problem_of(rule: CompareRule) -> str:
    """What is wrong with a rule, as a sentence; empty when nothing is."""
    said = [how for how in COMPARISONS if getattr(rule, how) is not None]
    if len(said) != 1:
        many = f"says {' and '.join(said)}" if said else "does not say how to compare"
        return f"the rule for {rule.field!r} {many}; it says exactly one of {', '.join(COMPARISONS)}"
    if not rule.reason.strip():
        return f"the rule for {rule.field!r} has no reason; say why this difference means nothing"
    if not rule.field.strip():
        return "a rule has an empty field"
    if rule.unordered is False or rule.ignore is False:
        return f"the rule for {rule.field!r}: {said[0]} is written as {said[0]} = true, or left out"
    if rule.tolerance is not None and not (rule.tolerance > 0 and math.isfinite(rule.tolerance)):
        return f"the rule for {rule.field!r}: tolerance is a positive number, not {rule.tolerance:g}"
    if rule.relative is not None and not 0 < rule.relative < 1:
        return f"the rule for {rule.field!r}: relative is a share between 0 and 1, not {rule.relative:g}"
    return ""
