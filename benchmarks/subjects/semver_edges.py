"""Documented usage of semver: parse, compare and match versions. `run(do)` makes every call through `do`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import semver  # type: ignore[import-not-found,import-untyped,unused-ignore]  # fetched when it is needed

Do = Callable[..., Any]

VERSIONS = ("3.4.5-pre.2+build.4", "1.2.3-alpha.1.2+build.11.e4f985a", "1.2.3", "2.1.4", "1.12.6-rc.3", "4.5.6-beta")
PAIRS = (
    ("1.2.3", "2.3.4"),
    ("2.3.4", "1.2.3"),
    ("1.2.3", "1.2.4"),
    ("1.4.3", "1.2.8"),
    ("1.2.3-rc.1", "1.2.3"),
    ("1.2.3", "1.2.3-beta"),
    ("1.2.3-rc.2", "1.2.3-rc.1"),
    ("1.2.3-alpha.1", "1.2.3-beta.1"),
    ("3.4.5+build.1", "3.4.6+build.2"),
)
MATCHES = (("2.1.4", ">=1.2.3"), ("1.2.3", ">2.1.4"), ("1.2.3", "<2.1.4"), ("3.4.5", "<=1.2.3"), ("1.2.8", "==1.2.9"))
WRONG = ("1.2", "v1.2.3", "latest", "")


def run(do: Do) -> None:
    """All of it."""
    for text in VERSIONS:
        do(semver.parse, text)
    for one, other in PAIRS:
        do(semver.compare, one, other)
        do(semver.compare, other.replace("1.2.3", "5.6.7"), one)
    for version, condition in MATCHES:
        do(semver.match, version, condition)
    for text in WRONG:
        with suppress(ValueError):
            do(semver.parse, text)


def call(function: Callable[..., Any], /, *arguments: Any, **options: Any) -> Any:
    """The plain `do`."""
    return function(*arguments, **options)


if __name__ == "__main__":
    run(call)
