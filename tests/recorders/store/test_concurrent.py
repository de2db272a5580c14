"""Several processes record into one baseline at once: counts are exact, and what is kept is bounded."""

from __future__ import annotations

import itertools
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from pytest_runtime.recorders.model.branches import Arm, Branch, path_digest
from pytest_runtime.recorders.model.inputs import CallInput
from pytest_runtime.recorders.model.shapes import Shape
from pytest_runtime.recorders.model.trace import Entry, Outcome, PathClass, Trace, encode_trace, trace_id
from pytest_runtime.recorders.model.value_tree import TupleNode
from pytest_runtime.recorders.session import reservoir as reservoir_module
from pytest_runtime.recorders.session.reservoir import Reservoir
from pytest_runtime.recorders.store import sqlite_sessions
from pytest_runtime.recorders.store.open import damage_of, merge_baselines, open_reader, open_writer
from pytest_runtime.recorders.store.processes import KEPT, RECORDED, ProcessName
from pytest_runtime.recorders.store.protocol import BaselineWriter, Batch, KeptTrace, Revision
from pytest_runtime.recorders.store.sqlite_merge import read_contents
from pytest_runtime.recorders.store.sqlite_traces import settled
from pytest_runtime.replay.judge.processes import latest_revision

KEY = ("shop:price", path_digest([], "returned"))
FIRST, SECOND = (Arm(Branch("shop:price", name, 0, 1), "true") for name in ("a", "b"))


def stored(number: int, order: list[int] | None = None) -> tuple[str, bytes]:
    """(id, content) of a trace."""
    given = CallInput("function", TupleNode([None, TupleNode([number])]), [], None, False)
    data = encode_trace(
        Trace(
            "shop:price",
            "function",
            0.0,
            given,
            Outcome("return", number, None),
            [],
            [],
            {},
            None,
            order or [],
            [],
            [],
            [],
        )
    )
    return trace_id(data), data


def begun(url: str, run: str = "run", pid: int = 1) -> BaselineWriter:
    """A process that begins to record."""
    writer = open_writer(url)
    writer.start(Revision("", "3.12", float(pid), {}, {}), ProcessName(run, pid, "python shop"))
    return writer


class Recorder:
    """One process: draws from its own traces, and learns of the others with each batch."""

    def __init__(self, writer: BaselineWriter, exemplars: int, arms: list[Arm] | None = None) -> None:
        self.writer = writer
        self._exemplars = exemplars
        [known] = [*writer.classes(), None][:1]
        self._reservoir = Reservoir(exemplars, count=known.count, kept=known.kept) if known else Reservoir(exemplars)
        self.described = PathClass(arms or [], "returned", False)
        self._is_new = True

    def record(self, *numbers: int, order: list[int] | None = None) -> int:
        """Record traces, and write them; how many are in the store of them."""
        kept = []
        for number in numbers:
            slot = self._reservoir.offer()
            name, data = stored(number, order)
            if slot is not None:
                held = self._reservoir.held(slot)
                if self._reservoir.put(slot, name):
                    kept.append(KeptTrace(*KEY, slot, name, data, {}, held))
        shape = Shape()
        for number in numbers:
            shape.observe(number)
        classes = {KEY: self.described} if self._is_new else {}
        self._is_new = False
        entries = [Entry(KEY[0], "function", "shop", KEY[0])] if classes else []
        counts = Counter({KEY: len(numbers)})
        shapes = {(KEY[0], "input"): shape}
        written = self.writer.write(Batch(entries, classes, counts, kept, shapes, {}, {}, self._exemplars))
        for known in written.classes.values():
            self._reservoir.learn(known.count, known.kept)
            self.described = known.description
        return written.kept


def test_what_is_kept_is_bounded_over_all_processes(tmp_path: Path) -> None:
    """Three processes fill the slots of one class together, and go on: never more than its exemplars, each once."""
    url = str(tmp_path / "x.baseline")
    recorders = [Recorder(begun(url, pid=pid), 5) for pid in (1, 2, 3)]
    kept = sum(recorder.record(10 * number + 1) for number, recorder in enumerate(recorders))
    assert kept == 3  # rare ones of each survive
    for number in range(100, 130):
        for place, recorder in enumerate(recorders):
            recorder.record(1000 * place + number, 1)
    for recorder in recorders:
        recorder.writer.close()
    with closing(open_reader(url)) as reader:
        [found] = reader.classes()
        assert found.count == 3 + 2 * 90
        assert sorted(found.kept) == [0, 1, 2, 3, 4]
        assert len(set(found.kept.values())) == 5
        [shape] = reader.shapes().values()
        assert shape.count == found.count
        assert sum(process.total(RECORDED) for process in reader.processes().values()) == found.count
        assert sum(process.total(KEPT) for process in reader.processes().values()) >= 5
    assert damage_of(url) == []


@pytest.mark.parametrize("processes", [1, 4])
def test_each_trace_has_about_the_same_chance(processes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many processes share the traffic, those that stay are spread over all of it, first and last."""
    monkeypatch.setattr(reservoir_module, "_getpid", itertools.count(1).__next__)
    kept: Counter[int] = Counter()
    for _trial in range(60):
        held: dict[int, str] = {}
        reservoirs = [Reservoir(4) for _process in range(processes)]
        for number in range(80):
            reservoir = reservoirs[number % processes]
            reservoir.learn(number, held)
            slot = reservoir.offer()
            if slot is not None:
                one = KeptTrace(*KEY, slot, str(number), b"", {}, reservoir.held(slot))
                settled_one = settled(one, held, number + 1, 4)
                if settled_one is not None:
                    held[settled_one.slot] = settled_one.id
        assert len(held) == 4
        kept.update(int(name) // 20 for name in held.values())
    assert all(30 <= kept[quarter] <= 90 for quarter in range(4)), kept  # 60 each, give or take 7


def test_a_slot_that_another_process_filled_is_not_taken(tmp_path: Path) -> None:
    """One that was thought to be free gets another; where there is none, chance decides, by how many there were."""
    name, data = stored(1)
    kept = KeptTrace(*KEY, 0, name, data)
    assert settled(kept, {0: "other"}, 2, 2) == kept._replace(slot=1)
    assert settled(kept, {0: name}, 2, 2) is None
    assert settled(kept._replace(replaces="gone"), {0: "other"}, 9, 1) == kept._replace(replaces="gone")
    drawn = [settled(kept, {0: "other", 1: "another"}, 20, 2) for _time in range(500)]
    taken = sum(one is not None for one in drawn)
    assert 15 <= taken <= 100  # two of twenty are fifty


def test_arms_in_another_order_are_those_of_the_class(tmp_path: Path) -> None:
    """Two processes met the arms of one path in different orders: both traces are read in terms of the one stored."""
    url = str(tmp_path / "x.baseline")
    one, other = Recorder(begun(url), 5, [FIRST, SECOND]), Recorder(begun(url, pid=2), 5, [SECOND, FIRST])
    one.record(1)
    other.record(2)
    assert other.described.arms == [FIRST, SECOND]
    other.record(3, order=[1, 0])
    for recorder in (one, other):
        recorder.writer.close()
    with closing(open_reader(url)) as reader:
        found = {trace.trace.outcome.value: list(trace.trace.order) for trace in reader.traces() if trace.trace}
    assert found == {1: [], 2: [1, 0], 3: [1, 0]}


def test_processes_of_a_run_count_into_one_part(tmp_path: Path) -> None:
    """However many begin and end, a merge counts everything once, an earlier copy too; another run has its own."""
    url, early, merged = (str(tmp_path / name) for name in ("x.baseline", "early.baseline", "merged.baseline"))
    one, other = Recorder(begun(url), 5), Recorder(begun(url, pid=2), 5)
    one.record(1)
    other.record(2)
    one.writer.rest()
    other.writer.rest()
    Path(early).write_bytes(Path(url).read_bytes())
    third = Recorder(begun(url, pid=3), 5)
    for recorder in (third, one, other):
        recorder.record(5, 6)
    again = Recorder(begun(url, run="another", pid=4), 5)
    again.record(7)
    third.record(8)
    for recorder in (one, other, third, again):
        recorder.writer.end()
        recorder.writer.close()
    contents, damaged = read_contents(url)
    assert not damaged
    assert len(contents.parts) == 2
    merge_baselines(merged, [early, url, url], 5)
    with closing(open_reader(merged)) as reader:
        assert [found.count for found in reader.classes()] == [10]
        assert sorted(process.total(RECORDED) for process in reader.processes().values()) == [1, 3, 3, 3]
        assert all(process.ended for process in reader.processes().values())


def test_a_writer_at_rest_holds_nothing_open(tmp_path: Path) -> None:
    """Between `rest` and the next use the file is complete, and another process may have written meanwhile."""
    url = str(tmp_path / "x.baseline")
    one = Recorder(begun(url), 5)
    one.record(1)
    one.writer.rest()
    one.writer.rest()
    assert [path.name for path in tmp_path.iterdir()] == ["x.baseline"]
    other = Recorder(begun(url, pid=2), 5)
    other.record(2)
    other.writer.close()
    assert one.record(3) == 1
    one.writer.close()
    with closing(open_reader(url)) as reader:
        [found] = reader.classes()
        assert (found.count, len(found.kept)) == (3, 3)


def test_sessions_without_a_trace_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pool that starts a process for each task does not make the baseline grow; what was counted stays."""
    monkeypatch.setattr(sqlite_sessions, "SESSIONS_LIMIT", 3)
    url = str(tmp_path / "x.baseline")
    first = Recorder(begun(url), 2)
    first.record(0)
    first.writer.close()
    for pid in range(2, 40):
        recorder = Recorder(begun(url, pid=pid), 2)
        recorder.record(pid)
        recorder.writer.end()
        recorder.writer.close()
    with closing(open_reader(url)) as reader:
        [found] = reader.classes()
        assert found.count == 39
        assert len(reader.revisions()) <= 3 + 2 + 2  # remembered, those that hold a trace, the first, the last
        assert 1 in reader.revisions()
        assert set(reader.processes()) == set(reader.revisions())
    assert damage_of(url) == []


def test_a_replay_goes_by_the_process_that_loaded_most(tmp_path: Path) -> None:
    """Of the last run, not the helper that began last; of an earlier run, nothing."""
    url = str(tmp_path / "x.baseline")
    loaded = [("earlier", 9), ("last", 0), ("last", 3), ("last", 3), ("last", 1)]
    for number, (run, modules) in enumerate(loaded, 1):
        writer = open_writer(url)
        sources = {f"shop.m{module}": "" for module in range(modules)}
        writer.start(Revision(str(number), "3.12", float(number), sources, {}), ProcessName(run, number, "python"))
        writer.close()
    with closing(open_reader(url)) as reader:
        assert latest_revision(reader).commit == "4"
