"""A service that is recorded in this process, and the probes in it."""

from __future__ import annotations

import importlib
import itertools
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest_runtime
from pytest_runtime import probes
from pytest_runtime.probes import Hit, ProbeStatus
from pytest_runtime.recorders.probes import host

_numbers = itertools.count()


class Service:
    """A module under the recorder."""

    def __init__(self, root: Path, name: str, source: str) -> None:
        self.root = root
        self.name = name
        self.file = f"{name}.py"
        self.source = textwrap.dedent(source)
        (root / self.file).write_text(self.source)
        self.module: Any = None

    def line(self, text: str) -> str:
        """The place of the only line that ends with a text."""
        (found,) = [number for number, line in enumerate(self.source.splitlines(), 1) if line.endswith(text)]
        return f"{self.file}:{found}"

    def place(self, kind: Any, place: str, **options: Any) -> ProbeStatus:
        """Place a probe at a line that ends with the text after `#`, or at a function."""
        if place.startswith("#"):
            place = self.line(place)
        elif ":" not in place:
            place = f"{self.file}:{place}"
        return probes.create(kind, place, root=self.root, wait=5.0, **options)

    def status(self, probe_id: str) -> ProbeStatus:
        """How a probe stands now."""
        return probes.read(probe_id, root=self.root).status

    def hits(self, status: ProbeStatus, count: int = 1) -> tuple[Hit, ...]:
        """The hits of a probe, waited for until there are so many."""
        until(lambda: self.status(status.probe.id).hits >= count)
        return probes.read(status.probe.id, root=self.root).hits

    def texts(self, status: ProbeStatus, count: int = 1) -> list[str]:
        """The lines of a log."""
        return [hit.text for hit in self.hits(status, count)]

    def state(self, status: ProbeStatus) -> str:
        """How a probe stands in this process."""
        (process,) = self.status(status.probe.id).processes
        return process.state

    def remove(self, status: ProbeStatus) -> None:
        """Take a probe away."""
        probes.remove(status.probe.id, root=self.root, wait=5.0)


def until(holds: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait until something is the case."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.01)


@contextmanager
def service(root: Path, source: str, config: str = "") -> Iterator[Service]:
    """A module of this source, recorded in this process until the end of the block."""
    name = f"probed_{next(_numbers)}"
    (root / "pyproject.toml").write_text(f'[tool.pytest-runtime]\ninclude = ["{name}"]\n{config}')
    found = Service(root, name, source)
    sys.path.insert(0, str(root))
    period, host.PERIOD = host.PERIOD, 0.02  # type: ignore[misc]  # no test waits for longer than it has to
    try:
        with pytest_runtime.record("live", root=root):
            found.module = importlib.import_module(name)
            yield found
    finally:
        host.PERIOD = period  # type: ignore[misc]
        sys.path.remove(str(root))
        sys.modules.pop(name, None)
