"""Faults: the recorder keeps its own, and lets those of the service pass."""

from __future__ import annotations

import json
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest

from pytest_runtime.recorders.capture.freeze import freeze
from pytest_runtime.recorders.capture.thaw import thaw
from pytest_runtime.recorders.errors import RuntimeBaselineError
from pytest_runtime.recorders.faults import own
from pytest_runtime.recorders.included import Included
from pytest_runtime.recorders.session.sampler import Sampler


class OfTheService(Exception):
    """An exception that a service defines."""


def caught(function: Callable[..., Any], *args: Any) -> BaseException:
    """What a call raises, without the frame of this test: as the recorder catches what it calls."""
    try:
        function(*args)
    except BaseException as fault:  # noqa: BLE001 - on purpose
        trace = fault.__traceback__
        assert trace is not None
        return fault.with_traceback(trace.tb_next)
    raise AssertionError("it raised nothing")


def test_what_the_recorder_raises_is_its_own() -> None:
    """A fault of the recorder's code, or of the standard library under it, is its own."""
    assert own(caught(thaw, freeze([]).__class__(b"no pickle")))
    assert own(caught(Included(["shop"]).add, None, "shop"))
    assert own(caught(json.loads, "{"))
    assert own(RuntimeBaselineError("made here, raised nowhere"))


def test_what_another_raises_passes() -> None:
    """An exception with a frame of other code in it, or of a class of the service, is not the recorder's."""

    def handler() -> None:
        raise TimeoutError

    assert not own(caught(handler))
    assert not own(caught(lambda: json.loads("{")))
    assert not own(OfTheService())


@pytest.mark.parametrize("cls", [KeyboardInterrupt, SystemExit, GeneratorExit, BaseException])
def test_what_ends_a_process_passes(cls: type[BaseException]) -> None:
    """What is no `Exception` is never the recorder's."""
    assert not own(cls())


def test_no_code_of_an_exception_runs() -> None:
    """Neither the class of an exception nor its metaclass is asked."""
    calls: list[str] = []

    class Meta(type):
        def __getattribute__(cls, name: str) -> Any:
            calls.append(name)
            return super().__getattribute__(name)

        def __eq__(cls, other: object) -> bool:
            calls.append("eq")
            return cls is other

        def __hash__(cls) -> int:
            calls.append("hash")
            return 1

    class Refused(Exception, metaclass=Meta):
        def __getattribute__(self, name: str) -> Any:
            calls.append(name)
            return super().__getattribute__(name)

    fault = Refused()
    calls.clear()
    assert not own(fault)
    assert calls == []


# --- signals -----------------------------------------------------------------------------------------------------


class Alarm:
    """A handler of SIGALRM that raises, and counts how often it did."""

    def __init__(self, cls: type[BaseException]) -> None:
        self._cls = cls
        self.raised = 0

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Raise."""
        self.raised += 1
        raise self._cls


@contextmanager
def alarms(cls: type[BaseException]) -> Iterator[Alarm]:
    """SIGALRM raises inside the block."""
    alarm = Alarm(cls)
    before = signal.signal(signal.SIGALRM, alarm)
    try:
        yield alarm
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def interrupted(work: Callable[[], object], cls: type[BaseException], times: int = 150) -> tuple[int, int]:
    """(alarms that raised, alarms that arrived) of doing some work under alarms at random moments.

    The loop is a function of its own: where it stands right in the `try`, CPython 3.13 leaves the jump back to its
    start out of the table of exceptions (see `dis`), and an alarm that comes there passes the `except` by.
    """
    chance = random.Random(20)
    arrived = 0

    def until_interrupted(alarm: Alarm) -> None:
        end = time.monotonic() + 60  # a machine that stands still must not end this before the alarm
        before = alarm.raised
        signal.setitimer(signal.ITIMER_REAL, chance.uniform(0.000_05, 0.002))
        while alarm.raised == before and time.monotonic() < end:
            work()

    with alarms(cls) as alarm:
        for _ in range(times):
            try:
                until_interrupted(alarm)
            except cls:
                arrived += 1
    return alarm.raised, arrived


class Node:
    """A class of the service, with slots that are empty, which costs its reader an exception of its own."""

    __slots__ = ("left", "right")


VALUE = {"rows": [{"n": n, "when": {n}, "node": Node(), "error": ValueError(n)} for n in range(30)]}


@pytest.mark.parametrize("cls", [TimeoutError, OfTheService, KeyboardInterrupt])
def test_an_alarm_while_values_are_captured_arrives(cls: type[BaseException]) -> None:
    """A handler of a signal that raises while the recorder freezes a value interrupts the service, each time."""
    raised, arrived = interrupted(lambda: freeze(VALUE), cls)
    assert raised == arrived == 150


def test_an_alarm_while_a_run_is_sampled_arrives() -> None:
    """A handler of a signal that raises while the recorder decides interrupts the service; no lock stays behind."""
    sampler = Sampler(5.0)
    raised, arrived = interrupted(lambda: [sampler.admit(number) for number in range(50)], TimeoutError)
    assert raised == arrived == 150
    assert sampler.admit("afterwards")
