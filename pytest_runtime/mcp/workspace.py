"""The workspace of a server: one project, its baselines, and what is being judged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..config import Project, load_project
from ..recorders.store.protocol import BaselineReader
from ..wiring import known_names, open_baseline
from .failures import Refused, listed
from .fence import Fence
from .jobs import Jobs


class Workspace:
    """What all tools of one server share."""

    def __init__(self, root: Path, *, fence: Fence | None = None, python: str = "") -> None:
        """`root` lies in the project; `python` is the interpreter that replays, this one where it is left out."""
        self._start = root
        self.fence = fence or Fence()
        self.jobs = Jobs(python)

    @property
    def project(self) -> Project:
        """As its files are now; raises `ConfigurationError`."""
        return load_project(self._start)

    def baseline(self, name: str) -> str:
        """The baseline that is meant: where none is named, the only one. Raises `Refused`."""
        if name:
            return name
        known, _problem = known_names(self.project)
        if len(known) == 1:
            return known[0]
        there = f"there are: {listed(known)}" if known else "there are none yet"
        raise Refused(f"say which baseline is meant, baseline=NAME: {there}. list_baselines says what each holds")

    @contextmanager
    def opened(self, name: str) -> Iterator[tuple[str, BaselineReader]]:
        """The name of a baseline, and it, open; raises `StoreError`, `Refused`."""
        meant = self.baseline(name)
        reader = open_baseline(self.project, meant)
        try:
            yield meant, reader
        finally:
            reader.close()

    def close(self) -> None:
        """End what is being judged."""
        self.jobs.close()
