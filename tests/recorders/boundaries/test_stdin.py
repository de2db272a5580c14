"""The boundary of standard input: what a trace reads is recorded, and the same in a replay."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_runtime.recorders.boundaries import stdin
from pytest_runtime.testing import Scenario

TOOL = """
    import sys

    def summed():
        name = input()
        return name, sum(int(line) for line in sys.stdin)

    def lines():
        return [line.rstrip() for line in sys.stdin]

    def whole():
        return sys.stdin.read()

    def binary():
        return sys.stdin.buffer.read(), sys.stdin.buffer.read(1)

    def unbuffered(size):
        pieces = []
        while piece := sys.stdin.buffer.raw.read(size):
            pieces.append(piece)
        return pieces

    def first():
        return sys.stdin.readline()

    def nothing():
        return 1
    """

Given = Callable[[bytes], None]


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Given]:
    """Gives standard input, as a command finds it: the stream that the interpreter made, of which nothing was read."""
    before = os.dup(0)

    def give(data: bytes) -> None:
        path = tmp_path / "input"
        path.write_bytes(data)
        file = os.open(path, os.O_RDONLY)
        os.dup2(file, 0)
        os.close(file)
        stream = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, closefd=False)), encoding="utf-8")
        for name in ("stdin", "__stdin__"):
            monkeypatch.setattr(sys, name, stream)

    yield give
    os.dup2(before, 0)
    os.close(before)


def recorded(folder: Path, call: Callable[[Any], Any]) -> Scenario:
    """The tool, called once."""
    return Scenario(folder, {"tool": TOOL}).record(call)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"eggs\n1\n2\n3\n", "summed"),
        ("zwölf\nBären\n".encode(), "lines"),
        (b"", "whole"),
        (b"x\n" * 20_000, "whole"),
        (b"\xff\x00\n", "binary"),
    ],
    ids=["lines", "text", "empty", "large", "binary"],
)
def test_what_was_read_is_read_again(tmp_path: Path, given: Given, data: bytes, name: str) -> None:
    """The program gets what it was given, and so does the replay, which has no standard input."""
    given(data)
    answers: list[Any] = []
    scenario = recorded(tmp_path, lambda tool: answers.append(getattr(tool, name)()))
    read = {"summed": ("eggs", 6), "lines": ["zwölf", "Bären"], "whole": data.decode("utf-8", "replace")}
    assert answers == [read.get(name, (data, b""))]
    replayed = scenario.judge(everything=True)
    assert (replayed.reasons, replayed.counts) == (set(), {"same": 1})


def test_a_change_of_what_is_made_of_it_is_seen(tmp_path: Path, given: Given) -> None:
    """The text is the recorded one."""
    given(b"eggs\n1\n2\n3\n")
    scenario = recorded(tmp_path, lambda tool: tool.summed())
    assert scenario.change("tool", "sum(int(line)", "max(int(line)").judge().fields == {"return[1]": ("6", "3")}


def test_how_it_is_read_does_not_matter(tmp_path: Path, given: Given) -> None:
    """It is one text, whatever the pieces."""
    given(b"eggs\n1\n2\n3\n")
    scenario = recorded(tmp_path, lambda tool: tool.lines())
    scenario.change("tool", "in sys.stdin]", "in sys.stdin.buffer.raw.readall().decode().splitlines()]")
    assert scenario.judge().counts == {"same": 1}


def test_pieces_of_any_size(tmp_path: Path, given: Given) -> None:
    """A replay gives no more at once than is asked for."""
    given(b"abcdefgh")
    scenario = recorded(tmp_path, lambda tool: tool.unbuffered(3))
    assert scenario.judge(everything=True).counts == {"same": 1}
    scenario.change("tool", "raw.read(size)", "raw.read(size - 1)")
    assert scenario.judge().counts == {"diverged": 1}


def test_each_replay_begins_anew(tmp_path: Path, given: Given) -> None:
    """What one read ahead is not what the next one reads."""
    given(b"one\ntwo\n")
    scenario = recorded(tmp_path, lambda tool: (tool.first(), tool.nothing()))
    scenario.change("tool", "return 1", 'return sys.stdin.readline() or "end"')
    replayed = scenario.judge(everything=True)
    assert replayed.counts["same"] == 1
    assert "'two\\n'" not in str(replayed.fields)


def test_reading_on_is_not_judged(tmp_path: Path, given: Given) -> None:
    """Nobody knows what would have come."""
    given(b"one\n" + b"x" * 100_000)
    scenario = recorded(tmp_path, lambda tool: tool.first())
    replayed = scenario.change("tool", "sys.stdin.readline()", "len(sys.stdin.read())").judge()
    assert replayed.counts == {"not judged": 1}
    assert "standard input" in replayed.reasons.pop()


def test_the_stream_is_of_the_same_kind(given: Given) -> None:
    """Names, modes, encoding, descriptor; what is read outside of a trace is read as before."""
    given(b"one\ntwo\n")
    before = sys.stdin
    undo = stdin.install()
    after: Any = sys.stdin
    assert after is not before
    for read in (
        lambda one: (type(one), one.encoding, one.errors, one.name, one.fileno(), one.isatty(), one.readable()),
        lambda one: (type(one.buffer), one.buffer.raw.name, one.buffer.raw.mode, type(one.buffer.raw).__name__),
    ):
        assert read(after) == read(before)
    assert isinstance(after.buffer.raw, io.FileIO)
    assert after.readline() == "one\n"
    undo()
    assert sys.stdin is after, "it may hold what was read ahead"
    assert sys.stdin.readline() == "two\n"


def test_unread_it_is_put_back(given: Given) -> None:
    """The very object."""
    given(b"one\n")
    before = sys.stdin
    undo = stdin.install()
    undo()
    assert sys.stdin is before


@pytest.mark.parametrize("stream", [None, io.StringIO("x"), io.TextIOWrapper(io.BytesIO(b"x"))])
def test_nothing_else_is_replaced(monkeypatch: pytest.MonkeyPatch, stream: Any) -> None:
    """A stream of somebody else's, or none at all, stays."""
    for name in ("stdin", "__stdin__"):
        monkeypatch.setattr(sys, name, stream)
    stdin.install()()
    assert sys.stdin is stream


def test_a_terminal_stays(monkeypatch: pytest.MonkeyPatch, given: Given) -> None:
    """Nobody records what somebody types."""
    given(b"")
    master, terminal = os.openpty()
    try:
        os.dup2(terminal, 0)
        assert not stdin.is_replaceable(sys.stdin)
    finally:
        os.close(master)
        os.close(terminal)
