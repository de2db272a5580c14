"""Does capture run code of the service: generated values whose every class notes when any of it runs.

    python benchmarks/hostile_values.py [--count 10000] [--seed 0]

Each value is frozen, thawed and measured as a recorded call does it, three times over. Counted are exceptions that came
out of the recorder, calls of code of the value's classes (methods, properties, descriptors, metaclasses, streams,
iterators, weak references, lazy objects), and values that are not afterwards what they were before: iterators that were
advanced, files that stand elsewhere, containers and instances that hold something else. All three have to be 0.
"""

from __future__ import annotations

import argparse
import collections
import gc
import io
import itertools
import pathlib
import sys
import tempfile
import types
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hostile.classes import WATCH
from hostile.values import Maker

from pytest_runtime.recorders.capture.freeze import freeze
from pytest_runtime.recorders.capture.local_functions import local_function
from pytest_runtime.recorders.capture.thaw import thaw
from pytest_runtime.recorders.included import Included
from pytest_runtime.recorders.session.module_state import Kept, ModuleState, TraceState
from pytest_runtime.recorders.session.provenance import Lineage, Origins, Provenance


def _local(value: Any) -> Any:
    """What a function of an included package is frozen as where an entry is given one."""
    return local_function(value) if type(value) is types.FunctionType else None


# --- what a value is, looked at without running its code ---------------------------------------------------------


def fingerprint(value: Any, depth: int = 0, seen: set[int] | None = None) -> Any:
    """What a value holds, by identity, with the positions of its iterators and files."""
    seen = set() if seen is None else seen
    if type(value) is int:
        return value
    if depth > 6 or id(value) in seen:
        return id(value)
    seen.add(id(value))
    cls = type(value)
    parts: list[Any] = [id(value), id(cls)]
    parts.append([fingerprint(part, depth + 1, seen) for part in itertools.islice(_held(value), 50)])
    return parts


def _held(value: Any) -> Iterator[Any]:
    mro = type.__dict__["__mro__"].__get__(type(value))
    for base in (list, tuple, collections.deque, set, frozenset):
        if any(one is base for one in mro):
            yield from base.__iter__(value)
    if any(one is dict for one in mro):
        yield from dict.keys(value)
        yield from dict.values(value)
    if hasattr(type(value), "__length_hint__") and type(value).__module__ == "builtins":
        yield type(value).__length_hint__(value)
    if type(value) is types.GeneratorType:
        yield value.gi_frame.f_lasti if value.gi_frame is not None else None
    if type(value) in (io.StringIO, io.BytesIO) or (
        type(value) is io.TextIOWrapper and type(value.buffer.raw) is io.FileIO
    ):
        yield type(value).tell(value)
    space = _namespace(value, mro)
    yield from space.keys()
    yield from space.values()


def _namespace(value: Any, mro: Any) -> dict[Any, Any]:
    for cls in mro:
        descriptor = type.__dict__["__dict__"].__get__(cls).get("__dict__")
        if type(descriptor) is types.GetSetDescriptorType:
            space = descriptor.__get__(value)
            if type(space) is not types.MappingProxyType:
                return dict(zip(map(id, dict.keys(space)), dict.values(space), strict=True))
    return {}


# --- running ---------------------------------------------------------------------------------------------------------


@dataclass
class Counts:
    """The results of some values."""

    values: int
    exceptions: Counter[str]
    calls: Counter[str]
    changed: int

    @property
    def is_clean(self) -> bool:
        """Whether nothing happened."""
        return not (self.exceptions or self.calls or self.changed)


_STATE = ModuleState(Included(["held_values"]))
_TRACE: Any = types.SimpleNamespace(lineage=Lineage(TraceState(_STATE, Origins(Provenance()))))
"""Stands for the trace that gave a value."""


def capture_all(value: Any) -> None:
    """What a recorded call does with a value."""
    known = Provenance()
    arguments = (value, (value, 1), {"value": value})
    frozen = freeze(arguments, origins=Origins(known))
    known.made(_TRACE, lambda module: True, value=value, args=(value,))
    thaw(frozen)
    thaw(freeze(value, limit=8_000_000))
    freeze(arguments)
    thaw(freeze(value, stand=_local))
    keep_as_state(value)


def keep_as_state(value: Any) -> None:
    """What recording does with a value that an included module and a class of it hold, before and after a trace."""
    module = types.ModuleType("held_values")
    vars(module).update(value=value, Holder=type("Holder", (), {"value": value, "__module__": "held_values"}))
    state = ModuleState(Included(["held_values"]))
    state.saw_module(module)
    late = [
        Kept("held_values:late", lambda: value, at_load=False, is_data=is_data)
        for is_data in (lambda _: True, lambda _: False)
    ]
    for kept in [*state.kept.values(), *late]:
        before = kept.looked_at()
        kept.seen(before)
        kept.changed(kept.looked_at(), None)


def check(count: int, seed: int = 0) -> Counts:
    """Capture a number of values."""
    counts = Counts(count, Counter(), Counter(), 0)
    with tempfile.TemporaryDirectory() as folder:
        maker = Maker(seed, pathlib.Path(folder))
        try:
            for number in range(count):
                _check_one(maker.value(), counts)
                if not number % 50:
                    gc.collect()  # classes are cycles, and there are thousands of them
        finally:
            maker.close()
    return counts


def _check_one(value: Any, counts: Counts) -> None:
    before = fingerprint(value)
    WATCH.ran.clear()
    gc.disable()
    WATCH.is_armed = True
    try:
        capture_all(value)
    except BaseException as error:  # noqa: BLE001 - to be counted
        counts.exceptions[type(error).__name__] += 1
    finally:
        WATCH.is_armed = False
        gc.enable()
    counts.calls.update(WATCH.ran)
    counts.changed += fingerprint(value) != before


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Does capture run code of the service.")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(argv)
    counts = check(options.count, options.seed)
    calls = dict(counts.calls.most_common(10))
    print(
        f"{counts.values} values: {sum(counts.exceptions.values())} exceptions {dict(counts.exceptions) or ''}, "
        f"{sum(counts.calls.values())} calls of their code {calls or ''}, {counts.changed} changed"
    )
    return 0 if counts.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
