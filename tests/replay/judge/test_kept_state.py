"""State that only the candidate keeps between calls is a divergence of its own kind, with that name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_runtime.testing import Scenario

SOURCE = """
    from functools import lru_cache

    def collect(item, into=None):
        into = [] if into is None else into
        into.append(item)
        return into

    class Builder:
        def __init__(self, name):
            self.options = [name]

        def done(self):
            return self.options

    def parts(path):
        return list(split(path))

    @lru_cache
    def split(path):
        return tuple(path.split("/"))

    def longer(path):
        found = parts(path)
        found.append("x")
        return found
    """


def shop(folder: Path) -> Scenario:
    """Several calls of each."""

    def traffic(shop: Any) -> None:
        for item in (1, 2, 3):
            shop.collect(item)
            shop.longer("a/b" if item < 3 else "a/c")
            shop.longer("a/b")

    return Scenario(folder, {"shop": SOURCE}).record(traffic)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("def collect(item, into=None):\n    into = [] if into is None else into\n", "def collect(item, into=[]):\n"),
        ("    return list(split(path))", "    return split(path)\n\n\ndef tail(): pass"),
    ],
    ids=["mutable default", "cache that hands out its list"],
)
def test_what_the_candidate_keeps_is_found_and_named(tmp_path: Path, old: str, new: str) -> None:
    """One trace that is enough before it is named, and the place is the change."""
    scenario = shop(tmp_path)
    scenario.change("shop", old, new)
    if "tail" in new:
        scenario.change("shop", 'tuple(path.split("/"))', 'path.split("/")')
    replayed = scenario.judge(located=True)
    diverged = [trace for trace in replayed.traces if trace.verdict == "diverged"]
    assert diverged
    assert all(trace.reason.startswith("state that the candidate keeps between calls") for trace in diverged)
    assert all("only after trace " in trace.reason for trace in diverged)
    assert all(trace.location is not None for trace in diverged)


def test_what_base_keeps_too_is_no_divergence(tmp_path: Path) -> None:
    """A refactoring of code that counts its calls."""
    source = "calls = []\n\ndef count(name):\n    calls.append(name)\n    return len(set(calls)) > 0\n"

    def traffic(shop: Any) -> None:
        for name in "abc":
            shop.count(name)

    scenario = Scenario(tmp_path, {"shop": source}).record(traffic)
    scenario.change("shop", "return len(set(calls)) > 0", "known = set(calls)\n    return len(known) > 0")
    assert scenario.judge().counts == {"same": 3}
