"""Documented usage of isodate: dates, times and durations read and written. `run(do)` makes every call through `do`."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import isodate  # type: ignore[import-not-found,import-untyped,unused-ignore]  # fetched when it is needed

Do = Callable[..., Any]

DATES = ("2011-04-07", "20110407", "2012-12-31", "1985-W15-5", "1985W155", "2011-097", "1999-10-05", "2020-05")
TIMES = ("23:59:07", "104506", "07:30", "19:15:22.25", "11:22:33Z", "14:30:05+02:00")
MOMENTS = ("2011-04-07T23:59:07", "20110407T104506Z", "2012-12-31T07:30:00+01:00", "1985-W15-5T10:15:30")
DURATIONS = ("P1Y2M3DT4H5M6S", "P3W", "PT36H", "P10D", "-P2DT3H", "P18Y9M4DT11H9M8S", "PT0.5S", "P2M")
WRONG = ("yesterday", "")


def run(do: Do) -> None:
    """All of it."""
    for text in DATES:
        do(isodate.parse_date, text)
    for text in TIMES:
        do(isodate.parse_time, text)
    for text in MOMENTS:
        do(isodate.parse_datetime, text)
    for text in DURATIONS:
        do(isodate.parse_duration, text)
    for text in WRONG:
        with suppress(isodate.ISO8601Error):
            do(isodate.parse_date, text)
        with suppress(isodate.ISO8601Error):
            do(isodate.parse_time, text)
    do(isodate.date_isoformat, datetime.date(2011, 4, 7))
    do(isodate.time_isoformat, datetime.time(23, 59, 7))
    do(isodate.datetime_isoformat, datetime.datetime(2011, 4, 7, 23, 59, 7))
    do(isodate.duration_isoformat, datetime.timedelta(days=3, hours=4))


def call(function: Callable[..., Any], /, *arguments: Any, **options: Any) -> Any:
    """The plain `do`."""
    return function(*arguments, **options)


if __name__ == "__main__":
    run(call)
