"""Documented usage of iso8601: dates and times of common forms. `run(do)` makes every call through `do`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import iso8601  # type: ignore[import-not-found,import-untyped,unused-ignore]  # fetched when it is needed

Do = Callable[..., Any]

TEXTS = (
    "2007-01-25T12:00:00Z",
    "2007-01-25T12:00:00",
    "2007-01-01T08:00:00",
    "2006-10-20T15:34:56Z",
    "2006-10-20T15:34:56.123",
    "2006-10-20T15:34:56.123Z",
    "2007-06-23 06:40:34.25Z",
    "1997-07-16T19:20+01:00",
    "2006-10-20T15:34:56.123+02:30",
    "2013-10-15T22:30+04:00",
    "2013-10-15T11:30:00-07:00",
    "2013-10-15T11:30:00-05:00",
    "2012-12-19T23:21:28.512400+00:00",
    "2013-10-15T18:30Z",
    "2013-10-15T18:31:23Z",
    "20131015T18:30Z",
    "19950204",
    "2010-06-12",
    "2014-03-09T04:15:00+05:30",
)
WRONG = ("", "yesterday", "10/20/2006", "2013-13-01T00:00:00Z")


def run(do: Do) -> None:
    """All of it."""
    for text in TEXTS:
        do(iso8601.parse_date, text)
    for text in WRONG:
        with suppress(iso8601.ParseError):
            do(iso8601.parse_date, text)
    for text in TEXTS[:4]:
        do(iso8601.parse_date, text, default_timezone=None)


def call(function: Callable[..., Any], /, *arguments: Any, **options: Any) -> Any:
    """The plain `do`."""
    return function(*arguments, **options)


if __name__ == "__main__":
    run(call)
