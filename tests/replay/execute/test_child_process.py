"""A forked process is asked and answers, and is no more in any case, however it ends."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import pytest

from pytest_runtime.replay.execute import child_process
from pytest_runtime.replay.execute.child_process import ChildProcess, serve
from pytest_runtime.replay.execute.responses import NoAnswer


def backwards(connection: Connection[Any, Any]) -> None:
    """Answers what it is asked, the other way round."""
    serve(connection, lambda message: message[::-1])


def is_there(pid: int) -> bool:
    """Whether a process of this number exists, ended and not yet reaped included."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_child_answers_until_it_is_ended() -> None:
    """Then it is gone, and what it left is removed once."""
    forgotten: list[int] = []
    child = ChildProcess(backwards, forget=forgotten.append)
    answers = []
    for message in (b"abc", b"x" * 100_000 + b"y"):
        child.send(message)
        answers.append(child.receive(10.0))
    assert answers == [b"cba", b"y" + b"x" * 100_000]
    assert child.end() == child.end()
    [pid] = forgotten
    assert not is_there(pid)


def test_one_that_is_silent_is_not_waited_for() -> None:
    """`None` says so, and it can still be ended."""
    child = ChildProcess(lambda _connection: time.sleep(600))
    assert (child.has_answered(0.01), child.receive(0.01)) == (False, None)
    assert child.end() == signal.SIGKILL


def kill_itself(_connection: Connection[Any, Any]) -> None:
    """As a crash does."""
    os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.parametrize(
    ("live", "ended"),
    [
        (lambda _connection: os._exit(3), "ended its process with status 3 (`os._exit`)"),
        (kill_itself, "crashed the interpreter: SIGTERM"),
    ],
)
def test_one_that_is_gone_says_how_it_ended(live: Callable[[Any], None], ended: str) -> None:
    """Asking it is no error; reading the answer is."""
    child = ChildProcess(live)
    child.send(b"x" * 1_000_000)
    with pytest.raises((EOFError, ConnectionError)):
        child.receive(10.0)
    assert child.ended() == ended


def test_one_that_closes_its_pipe_and_stays_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Code under test may close every descriptor and go on for ever."""
    monkeypatch.setattr(child_process, "PATIENCE", 0.05)

    def stays(connection: Connection[Any, Any]) -> None:
        connection.close()
        time.sleep(600)

    child = ChildProcess(stays)
    with pytest.raises(EOFError):
        child.receive(10.0)
    assert child.ended() == "crashed the interpreter: SIGKILL"


def test_a_length_that_cannot_be_is_no_answer() -> None:
    """It is read as from any process that runs code under test."""

    def boasts(connection: Connection[Any, Any]) -> None:
        os.write(connection.fileno(), b"\xff" * 16)

    child = ChildProcess(boasts)
    with pytest.raises(NoAnswer, match="announced"):
        child.receive(10.0)
    child.end()


def computes(seconds: float) -> None:
    """Uses as much CPU time."""
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass


@pytest.mark.parametrize(
    ("live", "in_time"),
    [(lambda: time.sleep(0.6), True), (lambda: computes(0.1), True), (lambda: computes(60), False)],
    ids=["waits for its turn", "computes", "hangs"],
)
def test_a_limit_is_of_what_it_computes(live: Callable[[], None], in_time: bool) -> None:
    """On a busy machine a process waits for its turn: that is no hang."""

    def answer(message: bytes) -> bytes:
        live()
        return message

    child = ChildProcess(lambda connection: serve(connection, answer))
    child.send(b"x")
    assert child.answers_within(0.3) is in_time
    child.end()


def test_one_that_waits_for_ever_is_not_waited_for() -> None:
    """Nothing is computed, and nothing comes."""
    child = ChildProcess(lambda _connection: time.sleep(600))
    assert not child.answers_within(0.05)
    child.end()


def test_of_one_that_is_gone_the_end_is_read() -> None:
    """However long it took: it crashed, and does not hang."""
    child = ChildProcess(lambda _connection: os._exit(3))
    time.sleep(0.2)
    assert child.answers_within(0.01)
    with pytest.raises(EOFError):
        child.receive(1.0)
    assert child.ended() == "ended its process with status 3 (`os._exit`)"


def test_a_child_that_was_idle_for_long_has_no_credit() -> None:
    """Only what it spends on this answer counts."""

    def answer(message: bytes) -> bytes:
        computes(60)
        return message

    child = ChildProcess(lambda connection: serve(connection, answer))
    time.sleep(1.5)
    since = child.moment()
    child.send(b"x")
    while child.spent(since) < 0.2:
        time.sleep(0.01)
    used = child.moment().computed
    assert used is None or used < 0.4
    assert not child.answers_within(0.1)
    child.end()
