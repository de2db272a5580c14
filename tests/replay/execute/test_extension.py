"""Extensions of the process that replays: one of a stranger, and a core that judges where exploring is not installed.

This module is an extension itself: the process that replays imports it by its name.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from types import CodeType

import pytest

from pytest_runtime.recorders.model.trace import Trace
from pytest_runtime.recorders.model.value_tree import Tree
from pytest_runtime.recorders.store.open import open_reader
from pytest_runtime.replay.change.versions import Versions
from pytest_runtime.replay.execute.child_process import StartChild
from pytest_runtime.replay.execute.extension import Extension, Handler, Parts, Probe, load_extension
from pytest_runtime.replay.execute.masking import OpenedTrace
from pytest_runtime.replay.execute.process import QuestionLost, ReplayerProcess
from pytest_runtime.replay.judge.processes import candidate_process
from pytest_runtime.replay.model.job import Job
from pytest_runtime.testing import Scenario

ROOT = Path(__file__).resolve().parents[3]
SHOP = "def total(items):\n    return sum(items)\n"


class OfOneTrace:
    """Tells what the trace was given."""

    def __init__(self, request: bytes, trace: Trace) -> None:
        self._request = request
        self._trace = trace

    def trees(self) -> Sequence[Tree]:
        """Its input."""
        return [self._trace.input.tree()]

    def answer(self, trees: Sequence[Tree]) -> bytes:
        """What was asked, and how many values were masked."""
        return self._request + b":%d" % len(trees)


class Echo:
    """Answers what it was asked; `end` ends its process instead."""

    def answer(self, question: bytes) -> bytes:
        """The same backwards."""
        if question == b"end":
            os._exit(3)
        return question[::-1]

    def end(self) -> None:
        """Nothing stays."""


class OfAStranger:
    """Adds three to every sum."""

    def compile(self, source: str, module: str, file: str) -> CodeType:
        """Another text."""
        return compile(source.replace("sum(items)", "sum(items) + 3"), file, "exec")

    @contextmanager
    def probe(self, parts: Parts, request: bytes, given: OpenedTrace) -> Iterator[Probe]:
        """Tells what the trace was given."""
        yield OfOneTrace(request, given.trace)

    def handlers(self, parts: Parts, start: StartChild | None) -> Mapping[str, Handler]:
        """One."""
        return {"echo": Echo()}


EXTENSION: Extension = OfAStranger()


@pytest.fixture
def extended(tmp_path: Path) -> Iterator[tuple[ReplayerProcess, Job]]:
    """A shop, loaded in a process that this module extends, and a job for it."""
    scenario = Scenario(tmp_path, {"shop": SHOP}).record(lambda shop: shop.total([1, 2]))
    sys.path.insert(0, str(scenario.folder))
    with closing(open_reader(scenario.store)) as reader:
        process = candidate_process(scenario._setup(), reader, Versions({}, {}), extension=__name__)
        try:
            process.load()
            [stored] = reader.traces()
            yield process, Job(stored.id, reader.entries()[stored.entry], stored.data)
        finally:
            process.stop()
            sys.path.remove(str(scenario.folder))


def test_an_extension_compiles_probes_and_answers(extended: tuple[ReplayerProcess, Job]) -> None:
    """Code is its own, a job's request is answered with the job, and a question by the handler of its name."""
    process, job = extended
    [observed] = process.run([Job(job.trace, job.entry, job.data, probe=b"given")])
    assert observed.observation is not None
    assert (observed.observation.value, observed.probed) == (6, b"given:1")
    process.ask("echo", b"abc")
    assert process.answer() == b"cba"


def test_a_job_that_asks_nothing_of_an_extension_gets_nothing(extended: tuple[ReplayerProcess, Job]) -> None:
    """The extension is not asked for a probe."""
    process, job = extended
    [observed] = process.run([job])
    assert (observed.ended, observed.probed) == ("outcome", b"")


def test_a_question_that_ends_the_process_is_lost_and_the_next_is_answered(
    extended: tuple[ReplayerProcess, Job],
) -> None:
    """The code is loaded anew."""
    process, _job = extended
    process.ask("echo", b"end")
    with pytest.raises(QuestionLost):
        process.answer()
    process.ask("echo", b"abc")
    assert process.answer() == b"cba"


def test_without_a_name_nothing_is_added() -> None:
    """Code is as it is; a module that is named is asked for its extension."""
    namespace: dict[str, object] = {}
    exec(load_extension("").compile(SHOP, "shop", "shop.py"), namespace)  # the text above
    total = namespace["total"]
    assert callable(total)
    assert total([1, 2]) == 3
    assert isinstance(load_extension(__name__), OfAStranger)


JUDGE = """
import sys
from pathlib import Path

import pytest_runtime.pytest_run
from pytest_runtime.testing import Scenario

scenario = Scenario(Path(sys.argv[1]), {"shop": "def total(items):\\n    return sum(items)\\n"})
scenario.record(lambda shop: shop.total([1, 2]))
scenario.change("shop", "sum(items)", "sum(items) + 1")
print(pytest_runtime.__file__, scenario.judge().counts)
print(sorted(name for name in sys.modules if name.startswith(("hypothesis", "pytest_runtime.replay.explore"))))
try:
    import pytest_runtime.replay.explore
except ModuleNotFoundError as error:
    print(error.name)
"""


def test_a_change_is_judged_where_exploring_cannot_be_imported(tmp_path: Path) -> None:
    """In a copy of the product without `replay/explore`, in all of its processes; Hypothesis is not even loaded."""
    copy = tmp_path / "copy" / "pytest_runtime"
    shutil.copytree(ROOT / "pytest_runtime", copy, ignore=shutil.ignore_patterns("recorders", "replay", "__pycache__"))
    for room, left_out in (("recorders", "__pycache__"), ("replay", "explore")):
        shutil.copytree(ROOT / room, copy / room, ignore=shutil.ignore_patterns(left_out, "__pycache__"))
    (tmp_path / "scenario").mkdir()
    judged = subprocess.run(
        [sys.executable, "-P", "-c", JUDGE, str(tmp_path / "scenario")],
        env={**os.environ, "PYTHONPATH": str(copy.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert judged.stdout.splitlines() == [
        f"{copy / '__init__.py'} {{'diverged': 1}}",
        "[]",
        "pytest_runtime.replay.explore",
    ], judged.stderr
