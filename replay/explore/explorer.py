"""The explorer: inputs next to the recorded ones, tried on base and candidate, target by target.

What a caller sees decides. Where an inner function differs, the recorded trace is replayed with that one call
substituted, on both sides: only what its entry then shows is a difference.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from ...recorders.model.trace import TraceId
from ...recorders.store.protocol import StoredTrace
from ..change.checkout import checked_out
from ..execute.budget import machine_budget
from ..judge.processes import base_process, candidate_process
from ..model.finding import Explored
from .analyze.targets import Target
from .campaign import Accepts, Explorable, Shared, Unexplorable, begin
from .differential import Sides
from .example_database import InputDatabase
from .frontier import KnownArms
from .search import Search
from .trials.extension import __name__ as EXTENSION


class Explorer:
    """Explores the targets of a run with base and candidate, each in a process of its own."""

    def __init__(self, run: Explorable, *, examples: int, is_accepted: Accepts | None = None) -> None:
        """The run is prepared and loaded; it ends the explorer with itself. What is accepted never hides anything else.
        Inputs that differ are kept in the project's `.runtime/explored` for the next run."""
        self._run = run
        self._examples = examples
        self._is_accepted = is_accepted or (lambda entry, path, differences: False)
        self._stack = ExitStack()
        self._shared: Shared | None = None
        self._stored: dict[TraceId, StoredTrace] | None = None
        run.at_end(self.stop)

    def explore(self, target: Target) -> Explored:
        """Explore one; raises `CannotReplay`, `BaseError`."""
        started = time.perf_counter()
        if target.unavailable:
            return Explored(target=target.name, item=target.item, reason=target.unavailable)
        with _without_collection():
            campaign = begin(self._load(), target)
            if isinstance(campaign, Unexplorable):
                found = Explored(target=target.name, item=target.item, reason=campaign.reason)
            else:
                with machine_budget().share() as share:
                    share.processes(2)  # both sides work at the same time
                    found = Search(campaign).run()
        return msgspec.structs.replace(found, seconds=round(time.perf_counter() - started, 3))

    def _load(self) -> Shared:
        """What all campaigns share, both sides loaded; raises `CannotReplay`, `BaseError`."""
        if self._shared is None:
            arms: KnownArms = {}
            folder = Path(self._run.setup.root) / ".runtime" / "explored"
            self._shared = Shared(
                self._run,
                self._sides(),
                self._usable,
                arms,
                self._run.path_words(),
                InputDatabase(folder),
                self._examples,
                self._is_accepted,
            )
        return self._shared

    def _sides(self) -> Sides:
        setup, reader, oracle = self._run.setup, self._run.reader, self._run.oracle
        assert oracle.base is not None
        candidate = candidate_process(setup, reader, oracle.versions, extension=EXTENSION)
        self._stack.callback(candidate.stop)
        candidate.start()  # both load at the same time
        folder = self._stack.enter_context(checked_out(oracle.base))
        base = base_process(setup, reader, str(folder), extension=EXTENSION)
        self._stack.callback(base.stop)
        base.load()
        candidate.load()
        return Sides(base, candidate)

    def _usable(self, name: TraceId) -> StoredTrace | None:
        """A kept trace that can be read and has no gaps."""
        if self._stored is None:
            self._stored = {stored.id: stored for stored in self._run.reader.traces()}
        found = self._stored.get(name)
        return found if found is not None and found.trace is not None and not found.trace.gaps else None

    def stop(self) -> None:
        """End its processes."""
        self._stack.close()


@contextmanager
def _without_collection() -> Iterator[None]:
    """Without looking for cycles: trees of values are many, short-lived and have none, and each look costs the more,
    the more the process around holds."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
