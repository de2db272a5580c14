"""Dates and times to try at a place: other ones of the same input, spans of the source apart, awkward days and
zones."""

from __future__ import annotations

import datetime

from ....recorders.model.value_tree import StandardNode, Tree
from .datetimes import NUDGES, ZONES, calendar_of, plus, spans, with_moments
from .numbers import moment_of
from .value_context import Choice, Tier

LONGEST_SPAN = 3660
"""Numbers of the source that may count days, seconds or minutes: ten years of days."""

SPANS_LIMIT = 40
"""Spans of the source that are tried from each other moment: six values each."""

OTHERS_LIMIT = 4
"""Other moments of the same input that are gone from."""


def moment_tiers(choice: Choice, tree: StandardNode) -> list[Tier]:
    """By how informative they are."""
    here = moment_of(tree)
    if here is None:
        return [("", choice.observed), ("nothing", [None])]
    zones: list[Tree] = []
    if tree.kind == "datetime":
        zones = [StandardNode("datetime", [*tree.parts[:8], zone]) for zone in ZONES]
    return [
        ("comparison", with_moments(tree, _related(choice, tree))),
        ("time", with_moments(tree, calendar_of(here))),
        ("time", zones),
        ("", choice.observed),
        ("nothing", [None]),
    ]


def _related(choice: Choice, tree: StandardNode) -> list[datetime.datetime | None]:
    """Other moments of the input, a step to either side of each, and a span of the source before and after it."""
    others = [moment for part in choice.others() if (moment := moment_of(part.tree)) is not None]
    step = datetime.timedelta(days=1) if tree.kind == "date" else datetime.timedelta(seconds=1)
    apart = _spans_of_source(choice)[:SPANS_LIMIT]
    found: list[datetime.datetime | None] = []
    for other in others[:OTHERS_LIMIT]:
        found += [other, plus(other, step), plus(other, -step)]
        found += [plus(other, sign * span + nudge) for span in apart for sign in (1, -1) for nudge in NUDGES]
    return found


def _spans_of_source(choice: Choice) -> list[datetime.timedelta]:
    constants = choice.context.constants.all
    numbers = [number for number in constants if isinstance(number, (int, float)) and abs(number) <= LONGEST_SPAN]
    found = [datetime.timedelta(days=number) for number in numbers]
    found += [datetime.timedelta(seconds=number) for number in numbers]
    found += [datetime.timedelta(minutes=number) for number in numbers if number <= 1440]
    return found


def span_tiers(choice: Choice) -> list[Tier]:
    """Spans of time: those that were observed first."""
    return [("", choice.observed), ("time", spans(choice.associated_numbers)), ("nothing", [None])]
