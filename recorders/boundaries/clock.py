"""The clock boundary: wall clock, timers and sleep.

Readings are ambient: recorded as a stream per reading function, never compared. `datetime` readings are recorded as
an instant and the local offset, so that they can be given again in whatever form the code under test asks for.
"""

from __future__ import annotations

import datetime
import sys
import time
from collections.abc import Callable
from typing import Any

from ..context import current_world
from ..patching import Undo, Undos, replace_static, wrap

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
TIMERS = (
    *("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns"),
    *("process_time", "process_time_ns", "thread_time", "thread_time_ns"),
)
_WITH_DEFAULT_NOW = {"localtime": 0, "gmtime": 0, "ctime": 0, "asctime": 0, "strftime": 1}
"""Functions of `time` that read the clock when an argument is missing, by the position of that argument."""

_real_time = time.time
_real_sleep = time.sleep
_real_localtime = time.localtime
_MICROSECOND = datetime.timedelta(microseconds=1)


def install(module: Any = None) -> Undo:
    """Put the boundary in place; returns its undo."""
    undos = Undos()
    for name in TIMERS:
        if hasattr(time, name):
            undos.add(wrap(time, name, _timer(f"time.{name}")))
    for name, position in _WITH_DEFAULT_NOW.items():
        undos.add(wrap(time, name, _default_now(name, position)))
    undos.add(wrap(time, "sleep", _sleep))
    for name, maker in (("now", _now), ("utcnow", _utcnow)):
        undos.add(_patch_datetime(name, maker))
    # `datetime.today` and `date.today` read `time.time` through the module, so the wrapped one answers them.
    return undos.run


def _timer(source: str) -> Callable[..., Any]:
    def read(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        world = current_world()
        if world is None or args or kwargs:  # with arguments it fails, as it should
            return wrapped(*args, **kwargs)
        return world.ambient(source, wrapped, sys._getframe(1))

    return read


def _sleep(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> None:
    world = current_world()
    if world is None or not (args and world.advance(args[0])):
        wrapped(*args, **kwargs)


def _default_now(name: str, position: int) -> Callable[..., Any]:
    def read(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        world = current_world()
        if world is None or kwargs or (len(args) > position and args[position] is not None):
            return wrapped(*args, **kwargs)
        seconds = world.ambient("time.time", _real_time, sys._getframe(1))
        moment: Any = seconds
        if name in ("asctime", "strftime"):
            moment = _real_localtime(seconds)
        return wrapped(*args[:position], moment)

    return read


def instant(moment: datetime.datetime) -> tuple[int, int]:
    """(microseconds since the epoch, local offset from UTC in seconds) of a reading."""
    aware = moment.astimezone()
    offset = aware.utcoffset()
    return (aware - EPOCH) // _MICROSECOND, int(offset.total_seconds()) if offset is not None else 0


def _patch_datetime(name: str, maker: Callable[[Any], Callable[..., Any]]) -> Undo:
    real = vars(datetime.datetime)[name]
    return replace_static(datetime.datetime, name, classmethod(maker(real)))


def _now(real: Any) -> Callable[..., Any]:
    def now(cls: type[datetime.datetime], tz: datetime.tzinfo | None = None) -> Any:
        """Like `datetime.datetime.now`, read through the world of the running trace."""
        world = current_world()
        if world is None:
            return real.__get__(None, cls)(tz)
        frame = sys._getframe(1)
        micros, offset = world.ambient("datetime", _instant_now, frame)
        return _in_zone(cls, micros, offset, tz)

    return now


def _utcnow(real: Any) -> Callable[..., Any]:
    def utcnow(cls: type[datetime.datetime]) -> Any:
        """Like `datetime.datetime.utcnow`, read through the world of the running trace."""
        world = current_world()
        if world is None:
            return real.__get__(None, cls)()
        micros, _offset = world.ambient("datetime", _instant_now, sys._getframe(1))
        return _in_zone(cls, micros, 0, None)

    return utcnow


_real_now = datetime.datetime.now


def _instant_now() -> tuple[int, int]:
    return instant(_real_now(datetime.UTC))


def _in_zone(cls: type[datetime.datetime], micros: int, offset: int, tz: datetime.tzinfo | None) -> datetime.datetime:
    moment = EPOCH + micros * _MICROSECOND
    local = (moment + datetime.timedelta(seconds=offset)).replace(tzinfo=None)
    moment = local if tz is None else moment.astimezone(tz)
    if cls is datetime.datetime:
        return moment
    return cls.combine(moment.date(), moment.timetz())
