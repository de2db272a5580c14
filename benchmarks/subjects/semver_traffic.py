"""Documented usage of semver: parse, compare, bump and match versions. `run(do)` makes every call through `do`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import semver  # type: ignore[import-not-found,import-untyped,unused-ignore]  # fetched when it is needed

Do = Callable[..., Any]

VERSIONS = ("1.2.3", "0.9.10", "1.0.0-alpha.1", "1.0.0-rc.2+build.5", "2.0.0+20240229", "10.20.30-beta", "1.2.3-dev")
WRONG = ("1.2", "v1.2.3", "01.2.3", "", "1.2.3.4", "1.2.3-")
CONDITIONS = (">=1.0.0", "<2.0.0", "==1.2.3", "!=1.2.3", ">0.9.9", "<=1.0.0", "1.2.3")


def run(do: Do) -> None:
    """All of it."""
    for text in VERSIONS:
        version = do(semver.Version.parse, text)
        for other in VERSIONS:
            do(version.compare, other)
        for bump in (version.bump_major, version.bump_minor, version.bump_patch, version.bump_build):
            do(bump)
        do(version.bump_prerelease, "rc")
        do(version.finalize_version)
        do(version.to_tuple)
        do(version.to_dict)
        for part in ("major", "minor", "patch", "prerelease"):
            do(version.next_version, part)
        for condition in CONDITIONS:
            do(version.match, condition)
        do(version.replace, minor=7)
        do(version.is_compatible, semver.Version.parse("1.2.9"))
    for text in (*WRONG, *VERSIONS[:2]):
        do(semver.Version.is_valid, text)
        with suppress(ValueError):
            do(semver.Version.parse, text)
    do(semver.Version, 1, 2, 3, "pre.2", "build.4")
    with suppress(ValueError):
        do(semver.Version, 1, -2)
    with suppress(ValueError):
        do(semver.Version.parse("1.2.3").match, "~1.2")


def call(function: Callable[..., Any], /, *arguments: Any, **options: Any) -> Any:
    """The plain `do`."""
    return function(*arguments, **options)


if __name__ == "__main__":
    run(call)
