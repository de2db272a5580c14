"""Dates and times to try: days and hours on which calendars and clocks are awkward, zones, spans."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import zip_longest

from ....recorders.model.value_tree import StandardNode, Tree
from .numbers import with_moment

NUDGES = (datetime.timedelta(0), datetime.timedelta(seconds=1), datetime.timedelta(seconds=-1))


def _zone(hours: float) -> Tree:
    return StandardNode("timezone", [StandardNode("timedelta", list(_split(datetime.timedelta(hours=hours))))])


def _split(span: datetime.timedelta) -> tuple[int, int, int]:
    return span.days, span.seconds, span.microseconds


ZONES: tuple[Tree, ...] = (_zone(0), _zone(2), _zone(-5), _zone(5.5), None)


def spans(numbers: Iterable[float]) -> Iterator[Tree]:
    """Spans of these numbers of days, hours, minutes and seconds, and a second to either side."""
    for number in (0.0, 1.0, -1.0, *numbers):
        for unit in ("days", "hours", "minutes", "seconds"):
            for nudge in (0, 1, -1):
                with suppress(OverflowError):
                    span = datetime.timedelta(**{unit: number}) + datetime.timedelta(seconds=nudge)
                    yield StandardNode("timedelta", list(_split(span)))


def plus(moment: datetime.datetime, span: datetime.timedelta) -> datetime.datetime | None:
    """Later, or earlier; `None` where no calendar reaches."""
    try:
        return moment + span
    except OverflowError:
        return None


def with_moments(tree: StandardNode, moments: Iterable[datetime.datetime | None]) -> Iterator[Tree]:
    """Values of the type and zone of `tree`, at some moments."""
    return (with_moment(tree, moment) for moment in moments if moment is not None)


def calendar_of(here: datetime.datetime) -> list[datetime.datetime]:
    """Days on which calendars are awkward: leap days, ends of months and years, changes of the clock."""
    leap = here.year - here.year % 4
    found = []
    for year, month, day in (
        (leap, 2, 29),
        (here.year - 1, here.month, here.day),
        (here.year, 12, 31),
        (here.year, 1, 1),
        (here.year, 1, 31),
        (leap, 2, 28),
        (leap + 1, 2, 28),
        (here.year, here.month, 1),
        (here.year, 3, 31),
        (here.year, 4, 30),
        (leap, 3, 1),
        (leap, 12, 31),
        (leap, 12, 30),
        (leap + 1, 1, 1),
        (2024, 3, 31),
        (2024, 10, 27),
        (2000, 2, 29),
        (2100, 2, 28),
    ):
        with suppress(ValueError):  # no such day in that year
            found.append(here.replace(year=year, month=month, day=day))
    midnight = here.replace(hour=0, minute=0, second=0, microsecond=0)
    hours = [here.replace(hour=23, minute=30), here.replace(hour=0, minute=30), midnight]
    hours += [
        here.replace(hour=23, minute=59, second=59, microsecond=999999),
        here.replace(hour=12, minute=0, second=0, microsecond=0),
    ]
    found = [moment for pair in zip_longest(found, hours) for moment in pair if moment is not None]
    found += [moment for days in range(1, 8) if (moment := plus(midnight, datetime.timedelta(days=days))) is not None]
    return found
