"""The clock boundary: readings inside a trace are recorded, none outside, and the clock's types stay what they are."""

from __future__ import annotations

import copy
import datetime
import pickle
import time
import zoneinfo
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from pytest_runtime.recorders.boundaries import clock
from pytest_runtime.recorders.boundaries.live_world import READ_LIMIT, LiveWorld
from pytest_runtime.recorders.context import Scope, within


@pytest.fixture(autouse=True)
def boundary() -> Iterator[None]:
    """The boundary in place."""
    undo = clock.install()
    yield
    undo()


@contextmanager
def traced() -> Iterator[LiveWorld]:
    """A block inside a trace; this file is the included code."""
    world = LiveWorld(lambda file: file == __file__)
    with within(Scope(world)):
        yield world
    world.closed = True


def sources(world: LiveWorld) -> list[str]:
    """What was read, in order."""
    return [source for source, *_ in world.readings]


class Stamp(datetime.datetime):
    """A moment of the service's own."""


@pytest.mark.parametrize("name", clock.TIMERS)
def test_each_timer_is_recorded(name: str) -> None:
    """Every timer of `time` gives its real value, which is recorded with who read it."""
    before = getattr(time, name)()
    with traced() as world:
        value = getattr(time, name)()
    ((source, reader, included, recorded),) = world.readings
    assert (source, recorded) == (f"time.{name}", value)
    assert type(value) is (int if name.endswith("_ns") else float)
    assert before <= value <= getattr(time, name)()
    assert reader.co_name == "test_each_timer_is_recorded"
    assert included is reader


def test_readings_outside_a_trace_are_untouched() -> None:
    """Without a trace every function answers as it always does, and a trace that follows holds none of it."""
    time.time(), datetime.datetime.now(), time.localtime()
    with traced() as world:
        pass
    time.time(), datetime.datetime.now()
    assert world.readings == []


@pytest.mark.parametrize(
    ("read", "exact"),
    [
        (lambda: datetime.datetime.now(), datetime.datetime),
        (lambda: datetime.datetime.now(datetime.UTC), datetime.datetime),
        (lambda: datetime.datetime.now(tz=zoneinfo.ZoneInfo("Asia/Kolkata")), datetime.datetime),
        (lambda: Stamp.now(), Stamp),
        (lambda: Stamp.now(datetime.UTC), Stamp),
        (lambda: datetime.datetime.today(), datetime.datetime),
        (lambda: Stamp.today(), Stamp),
    ],
)
def test_moments_are_recorded(read: Any, exact: Any) -> None:
    """`now` and `today` give the moment that was recorded, in the zone and class that were asked for."""
    outside: Any = read()
    with traced() as world:
        inside: Any = read()
    assert type(inside) is exact
    assert type(outside) is exact
    assert inside.tzinfo is outside.tzinfo
    assert datetime.timedelta(0) <= inside - outside < datetime.timedelta(seconds=5)
    assert len(world.readings) == 1


@pytest.mark.filterwarnings("ignore:.*utcnow:DeprecationWarning")
def test_utcnow_is_recorded() -> None:
    """`utcnow` is naive, in UTC, and recorded."""
    with traced() as world:
        moment = datetime.datetime.utcnow()
    assert moment.tzinfo is None
    assert abs(moment - datetime.datetime.now(datetime.UTC).replace(tzinfo=None)) < datetime.timedelta(seconds=5)
    assert sources(world) == ["datetime"]


def test_an_instant_can_be_given_again() -> None:
    """The recorded instant and offset are those of the moment, to the microsecond."""
    with traced() as world:
        moment = datetime.datetime.now(datetime.UTC)
    micros, offset = world.readings[0][3]
    assert clock.EPOCH + datetime.timedelta(microseconds=micros) == moment
    assert offset == int(moment.astimezone().utcoffset().total_seconds())  # type: ignore[union-attr]  # it is aware


def test_dates_are_recorded() -> None:
    """`date.today` is one reading of the clock."""
    with traced() as world:
        today = datetime.date.today()
    assert type(today) is datetime.date
    assert sources(world) == ["time.time"]


@pytest.mark.parametrize(
    "read",
    [
        lambda: time.localtime(),
        lambda: time.localtime(None),
        lambda: time.gmtime(),
        lambda: time.ctime(),
        lambda: time.asctime(),
        lambda: time.strftime("%Y-%m-%d %H"),
    ],
)
def test_formats_of_the_present_are_recorded(read: Any) -> None:
    """A formatting function without a time reads the clock once, and answers of the same type."""
    outside = read()
    with traced() as world:
        inside = read()
    assert type(inside) is type(outside)
    assert sources(world) == ["time.time"]


def test_formats_of_another_time_are_not_readings() -> None:
    """With a time given, nothing is read and nothing is recorded."""
    with traced() as world:
        assert time.gmtime(0).tm_year == 1970
        assert time.strftime("%Y", time.gmtime(0)) == "1970"
        assert time.asctime(time.gmtime(0)) == "Thu Jan  1 00:00:00 1970"
        assert datetime.datetime.fromtimestamp(0, datetime.UTC).year == 1970
    assert world.readings == []


def test_sleep_sleeps() -> None:
    """While recording, sleep takes its time, in a trace and outside; it is no reading."""
    with traced() as world:
        started = time.perf_counter()
        time.sleep(0.02)
        assert time.perf_counter() - started >= 0.02
    assert sources(world) == ["time.perf_counter"] * 2
    with pytest.raises(ValueError, match="non-negative"):
        time.sleep(-1)


def test_wrong_arguments_fail_as_before() -> None:
    """What the real functions refuse is refused with the same error, inside a trace too."""
    with traced():
        with pytest.raises(TypeError):
            time.time(1)  # type: ignore[call-arg]  # on purpose
        with pytest.raises(TypeError):
            datetime.datetime.now("UTC")  # type: ignore[arg-type]  # on purpose
        with pytest.raises(TypeError):
            time.localtime("now")  # type: ignore[arg-type]  # on purpose


def test_datetime_is_still_datetime() -> None:
    """Nothing stands in for the class: `type(x) is datetime`, `isinstance`, pickling, copying and subclassing work."""
    with traced():
        moment = datetime.datetime.now()
        assert type(moment) is datetime.datetime
        assert isinstance(Stamp.now(), datetime.datetime)
        assert pickle.loads(pickle.dumps(moment)) == moment
        assert pickle.loads(pickle.dumps(datetime.datetime)) is datetime.datetime
        assert copy.deepcopy(moment) == moment
        assert Stamp.now() >= moment
    assert datetime.datetime.__module__ == "datetime"
    assert type("Sub", (datetime.datetime,), {}).now().year >= 2024  # type: ignore[attr-defined]  # made here


def test_functions_keep_their_names() -> None:
    """A wrapped function is still known by its name, to people and to pickle."""
    assert time.time.__name__ == "time"
    assert pickle.loads(pickle.dumps(time.time)) is time.time
    assert copy.deepcopy([time.time, time.sleep]) == [time.time, time.sleep]
    assert copy.copy(time.time) is time.time
    assert datetime.datetime.now.__name__ == "now"


def test_a_class_may_hold_a_timer() -> None:
    """A built-in timer that a class holds as an attribute is still not bound to its instances."""

    class Throttle:
        timer: Any = time.time

    with traced() as world:
        assert Throttle().timer() > 0
    assert sources(world) == ["time.time"]


def test_readings_are_bounded() -> None:
    """A loop that reads the clock without end does not fill the memory; it goes on reading."""
    with traced() as world:
        for _ in range(READ_LIMIT + 10):
            last = time.monotonic()
    assert len(world.readings) == READ_LIMIT
    assert last > 0


def test_undo_restores_everything() -> None:
    """After the undo, every attribute of `time` and `datetime` is the very object it was before."""
    clock_undo = clock.install()
    within_boundary = dict(vars(time)), dict(vars(datetime.datetime))
    second = clock.install()
    second()
    assert all(vars(time)[name] is value for name, value in within_boundary[0].items())
    assert all(vars(datetime.datetime)[name] is value for name, value in within_boundary[1].items())
    clock_undo()
    for name in (*clock.TIMERS, "sleep", "localtime"):
        assert name in vars(time)
    with traced() as world:
        time.time()
    assert len(world.readings) == 1  # the fixture's own boundary is still there, once
