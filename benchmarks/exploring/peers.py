"""Peers: tools that compare two functions without a recording, called by their documented commands.

They are given the changed function by itself, so a method is beyond them. What they answer does not depend on the
traffic: each pair is asked about once.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from exploring.corpus import Pair
from exploring.measured import Ran, run

SECONDS = 30.0
"""Wall time that a peer may take for one pair."""
WRITER = Path(__file__).resolve().parent / "ghostwriting.py"

DIFFERENCE = "Falsifying example|Failing test case"
"""How Hypothesis begins to tell an example, in older and newer versions."""

Verdict = Literal["found", "not found", "not runnable"]
Note = Callable[[Pair, "Answer"], None]


@dataclass(frozen=True)
class Answer:
    """What a peer says of one pair."""

    verdict: Verdict
    reason: str = ""
    cpu: float = 0.0


@dataclass(frozen=True)
class Bench:
    """Where both versions of every pair lie as modules of their own.

    In no package: the ghostwriter makes variables of module names, which a dot would break.
    """

    folder: Path
    environ: Mapping[str, str]

    def run(self, command: Sequence[str], seconds: float = SECONDS) -> Ran:
        return run(command, self.folder, self.environ, seconds)


class Peer(Protocol):
    """A tool that can be asked about one pair after another."""

    @property
    def name(self) -> str:
        """What it is called in the table."""

    def unavailable(self, bench: Bench) -> str:
        """Why it cannot be asked, or empty."""

    def answer(self, bench: Bench, pair: Pair) -> Answer:
        """Ask about one pair, whose function is at module level."""


@dataclass(frozen=True)
class Ghostwriter:
    """Hypothesis writes a test that both functions do the same, and pytest runs it."""

    python: str
    """One that has hypothesis, black and pytest."""
    name: str = "ghostwriter"

    def unavailable(self, bench: Bench) -> str:
        probe = bench.run([self.python, "-c", "import pytest, hypothesis.extra.ghostwriter"])
        return f"not installed: {last_line(probe.output)}" if probe.status else ""

    def answer(self, bench: Bench, pair: Pair) -> Answer:
        written = bench.run([self.python, str(WRITER), before(pair), after(pair), pair.function])
        if written.status != 0:
            return Answer("not runnable", last_line(written.output), written.cpu)
        test = bench.folder / f"test_{pair.part}_{pair.slug}.py"
        test.write_text(written.output)
        command = [self.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "_hypothesis_pytestplugin"]
        ran = bench.run([*command, "--hypothesis-seed=0", test.name], SECONDS - written.wall)
        return self._verdict(ran, written.cpu + ran.cpu)

    def _verdict(self, ran: Ran, cpu: float) -> Answer:
        """A difference is an example that Hypothesis tells; what else fails never came to compare."""
        if ran.status == 0:
            return Answer("not found", "", cpu)
        if ran.status is None:
            return Answer("not found", "out of time", cpu)
        if re.search(DIFFERENCE, ran.output) and "hypothesis.errors.Flaky" not in ran.output:
            return Answer("found", errors(ran.output), cpu)
        return Answer("not runnable", errors(ran.output), cpu)


@dataclass(frozen=True)
class CrossHair:
    """`crosshair diffbehavior` with its defaults."""

    executable: str
    name: str = "CrossHair"

    def unavailable(self, bench: Bench) -> str:
        return "" if shutil.which(self.executable) else "not installed"

    def answer(self, bench: Bench, pair: Pair) -> Answer:
        functions = [f"{module}.{pair.function}" for module in (before(pair), after(pair))]
        ran = bench.run([self.executable, "diffbehavior", *functions])
        if ran.status is None:
            return Answer("not found", "out of time", ran.cpu)
        if ran.status == 0:
            return Answer("not found", last_line(ran.output), ran.cpu)
        if ran.status == 1 and "Given: " in ran.output:
            return Answer("found", " ".join(ran.output.split())[:300], ran.cpu)
        return Answer("not runnable", last_line(ran.output), ran.cpu)


def bench_in(folder: Path, pairs: Sequence[Pair]) -> Bench:
    """Lay out the pairs for the peers."""
    folder.mkdir()
    for pair in pairs:
        shutil.copy(pair.before, folder / f"{before(pair)}.py")
        shutil.copy(pair.after, folder / f"{after(pair)}.py")
    (folder / "pytest.ini").write_text("[pytest]\n")
    environ = {**os.environ, "PYTHONPATH": str(folder), "PYTHONHASHSEED": "0", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return Bench(folder, environ)


def asked(peer: Peer, bench: Bench, pairs: Sequence[Pair], note: Note) -> dict[Pair, Answer] | str:
    """An answer for each pair, or why the peer gives none."""
    why = peer.unavailable(bench)
    if why:
        return why
    found: dict[Pair, Answer] = {}
    for pair in pairs:
        found[pair] = Answer("not runnable", "a method") if pair.is_method else peer.answer(bench, pair)
        note(pair, found[pair])
    return found


def before(pair: Pair) -> str:
    return f"before_{pair.part}_{pair.slug}"


def after(pair: Pair) -> str:
    return f"after_{pair.part}_{pair.slug}"


def last_line(output: str) -> str:
    return next((line.strip() for line in reversed(output.splitlines()) if line.strip()), "")[:300]


def errors(output: str) -> str:
    """What pytest says of a failure."""
    lines = [line[1:].strip() for line in output.splitlines() if line.startswith("E ")]
    return " ".join(filter(None, lines))[:300] or last_line(output)
