"""pytest-xdist: what the process that hands out the items does, and what its workers do.

Only the controller loads the code, writes files and reports. Workers replay on copies of the process that it loaded,
and give it what they found: verdicts on the reports of their items, and what was reached when they are done.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import pytest

from .items import EXPLORATION
from .replay.judge.blind_spots import decode_reach, encode_reach
from .replay.model.finding import decode_explored
from .replay.model.progress import Progress, Say
from .replay.model.verdict import decode_verdict
from .replay.run.plan import Group
from .replay.run.run import Run

_LENDER = "runtime_lender"
_REACHED = "runtime_reached"


def is_worker(config: pytest.Config) -> bool:
    """Whether this is a worker, which says so only after plugins were loaded."""
    return hasattr(config, "workerinput")


def be_worker(config: pytest.Config, run: Run) -> None:
    """Replay on copies of the process that the controller loads; a worker on another machine loads the code itself."""
    lender = str(config.workerinput.get(_LENDER, ""))  # type: ignore[attr-defined]  # xdist's
    if os.path.exists(lender):
        run.borrow(lender)


def hand_over(config: pytest.Config, run: Run) -> None:
    """Give the controller what this worker reached."""
    config.workeroutput[_REACHED] = encode_reach(run.found.reach)  # type: ignore[attr-defined]  # xdist's


class Gatherer:
    """Gathers what is found here or by workers: verdicts travel as text on the reports of items."""

    def __init__(self, run: Run, progress: Say) -> None:
        self._run = run
        self._replayed = Progress("replaying", 0, progress)
        self._explored = Progress("exploring: functions and entries", 0, progress)
        self._is_handed_out = False

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Take in what an item found."""
        text = getattr(report, "runtime_verdict", None)
        if text is not None:
            verdict = decode_verdict(text)
            self._run.found.add_verdict(verdict)
            self._replayed.count(len(verdict.traces))
        explored = getattr(report, "runtime_explored", None)
        if explored is not None:
            self._run.found.add_explored(decode_explored(explored))
            self._explored.count()

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker where the code is loaded already."""
        try:
            node.workerinput[_LENDER] = self._run.lend()
        except OSError:  # no socket can be made here, as where the path to temporary files is too long: it loads it too
            node.workerinput[_LENDER] = ""

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: Sequence[str]) -> None:
        """All workers collect the same items: how much there is to do."""
        if not self._is_handed_out:
            self._is_handed_out = True
            wanted = {tuple(name.rsplit("/", 1)[-1].split("::")) for name in ids}
            self._replayed.expect(sum(self._traces(group) for group in self._run.groups if _node(group) in wanted))
            self._explored.expect(sum(file == f"{EXPLORATION}.rt" for file, *_item in wanted))

    def _traces(self, group: Group) -> int:
        return len(self._run.wanted(group))

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """A worker is done: what it reached."""
        output = getattr(node, "workeroutput", {})
        if _REACHED in output:
            self._run.found.reach.add(decode_reach(output[_REACHED]))


def _node(group: Group) -> tuple[str, ...]:
    """The end of the node id of a path class: its file and item."""
    return f"{group.module}.rt", group.name.item
