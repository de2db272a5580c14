"""Merging of baselines: associative, commutative and idempotent, of values and of files; every run counts once."""

from __future__ import annotations

import itertools
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_runtime.recorders.errors import StoreBusy, UnknownBaseline
from pytest_runtime.recorders.model.branches import Arm, Branch
from pytest_runtime.recorders.model.inputs import CallInput
from pytest_runtime.recorders.model.shapes import Shape
from pytest_runtime.recorders.model.trace import Entry, Outcome, PathClass, Trace, decode_trace, encode_trace
from pytest_runtime.recorders.model.value_tree import TupleNode
from pytest_runtime.recorders.store.contents import Contents, Exemplar, merged, restated
from pytest_runtime.recorders.store.open import damage_of, merge_baselines, open_reader, open_writer
from pytest_runtime.recorders.store.parts import Part, later, total, without
from pytest_runtime.recorders.store.protocol import Batch, Revision
from pytest_runtime.recorders.store.sqlite_merge import read_contents, write_contents
from pytest_runtime.recorders.store.sqlite_writer import SqliteWriter
from pytest_runtime.testing import Scenario

EXEMPLARS = 3

# --- values ----------------------------------------------------------------------------------------------------------

NAMES = st.sampled_from("abc")
COUNTS = st.integers(1, 50)


def shape_of(values: Sequence[Any]) -> Shape:
    """The shape of some numbers and texts."""
    shape = Shape()
    for value in values:
        shape.observe(value)
    return shape


SHAPES = st.lists(st.integers(-9, 9) | st.text("xy", max_size=3) | st.none(), min_size=1, max_size=4).map(shape_of)
PARTS = st.builds(
    Part,
    counts=st.dictionaries(NAMES, st.dictionaries(NAMES, COUNTS, min_size=1, max_size=2), max_size=2),
    shapes=st.dictionaries(
        NAMES, st.dictionaries(st.sampled_from(["input", "outcome"]), SHAPES, min_size=1), max_size=2
    ),
    counters=st.dictionaries(NAMES, COUNTS, max_size=2),
    unsampled=st.dictionaries(NAMES, COUNTS, max_size=2),
)
ARMS = [Arm(Branch("m:f", condition, 0, line), "true") for line, condition in enumerate("xyz", 1)]


def trace_of(number: int, order: list[int]) -> Trace:
    """One of a few traces."""
    given = CallInput("function", TupleNode([None, TupleNode([number]), None]), ["n"])
    return Trace("f", "function", 1.0, given, Outcome("return", number, None), [], [], {}, None, order, [], [], [])


@st.composite
def some_contents(draw: st.DrawFn) -> Contents:
    """Small contents that share sessions, classes and traces with others; arms stand in any order."""
    sessions = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    keys = draw(st.lists(st.tuples(NAMES, NAMES), min_size=1, max_size=3, unique=True))
    classes, traces = {}, {}
    for key in keys:
        arms = draw(st.permutations(ARMS))
        classes[key] = PathClass(list(arms), "returned", draw(st.booleans()))
        found = {}
        for number in draw(st.sets(st.integers(0, 9), max_size=EXEMPLARS)):
            # What a name stands for is the same everywhere: the trace that took x, y, z in its own order.
            wanted = [ARMS[(number + step) % 3] for step in range(3)]
            order = [] if wanted == list(arms) else [list(arms).index(arm) for arm in wanted]
            session = "abc"[number % 3]
            found[f"{number}{key}"] = Exemplar(encode_trace(trace_of(number, order)), session)
        if found:
            traces[key] = found
    needs = {name: frozenset({f"p{name[0]}"}) for found in traces.values() for name in found if name[0] in "02468"}
    texts = draw(st.dictionaries(NAMES, st.sampled_from(["1", "22"]), max_size=2))
    return Contents(
        sessions={name: Revision("c", "3.12", float(ord(name)), texts, {}) for name in sessions},
        parts={name: draw(PARTS) for name in sessions},
        entries={name: Entry(name, "function", "m", draw(st.sampled_from(["", "m:f"]))) for name, _path in keys},
        classes=classes,
        traces=traces,
        producers={maker: maker.encode() for makers in needs.values() for maker in makers},
        needs=needs,
        absences=draw(st.dictionaries(st.tuples(st.just("forked"), NAMES), COUNTS, max_size=2)),
        keys=draw(st.dictionaries(st.tuples(NAMES, NAMES), st.binary(max_size=2), max_size=2)),
    )


CONTENTS = some_contents()


@given(CONTENTS, CONTENTS, CONTENTS)
@settings(max_examples=60)
def test_merging_is_associative_commutative_and_idempotent(one: Contents, other: Contents, third: Contents) -> None:
    """Any order of merges, with any repetitions, comes to the same value."""

    def merge(a: Contents, b: Contents) -> Contents:
        return merged(a, b, EXEMPLARS)

    assert merge(one, other) == merge(other, one)
    assert merge(merge(one, other), third) == merge(one, merge(other, third))
    assert merge(one, one) == one
    assert merge(merge(one, other), other) == merge(one, other)
    assert merge(one, Contents()) == one


@given(PARTS, PARTS, PARTS)
@settings(max_examples=60)
def test_the_later_copy_of_a_part_wins_in_any_order(one: Part, other: Part, third: Part) -> None:
    """Also of copies that do not follow each other."""
    assert later(one, other) == later(other, one)
    assert later(later(one, other), third) == later(one, later(other, third))
    assert later(one, one) == one


@given(PARTS, PARTS)
@settings(max_examples=60)
def test_what_was_added_is_what_is_left_without_the_rest(one: Part, other: Part) -> None:
    """Counts exactly; shapes up to ranges, which are those of all values: their sum is the whole again."""
    whole = total({"a": one, "b": other})
    left = without(whole, one)
    assert (left.counts, left.counters, left.unsampled) == (other.counts, other.counters, other.unsampled)
    assert total({"a": one, "b": left}) == whole
    assert without(whole, whole) == Part()


@given(st.permutations(ARMS), st.permutations(ARMS), st.permutations([0, 1, 2]))
def test_a_trace_keeps_the_order_of_its_arms(own: list[Arm], common: list[Arm], order: list[int]) -> None:
    """Whatever the order is in which its path class lists them; restated there and back it is the same trace."""
    given_order = [] if order == [0, 1, 2] else order
    data = encode_trace(trace_of(1, given_order))
    moved = restated(data, own, common)
    place = decode_trace(moved).order or [0, 1, 2]
    assert [common[position] for position in place] == [own[position] for position in order]
    assert restated(moved, common, own) == data


# --- files -----------------------------------------------------------------------------------------------------------

SHOP = """
    class Cart:
        def __init__(self):
            self.lines = []

    def make():
        return Cart()

    def add(cart, price):
        cart.lines.append(price)
        if price > 100:
            return "dear"
        for _ in range(price):
            if price % 2:
                return "odd"
        return "even"
    """


def recorded(folder: Path, prices: Sequence[int], name: str) -> str:
    """A baseline of some prices, each in a new cart, of one and the same module."""
    folder.mkdir(exist_ok=True)
    scenario = Scenario(folder, {"shop": SHOP})
    unique = "merged_shop"
    (folder / f"{scenario.names['shop']}.py").rename(folder / f"{unique}.py")
    scenario.names["shop"] = unique
    scenario.store = str(folder / f"{name}.baseline")

    def traffic(shop: Any) -> None:
        for price in prices:
            shop.add(shop.make(), price)

    scenario.record(traffic)
    return scenario.store


def totals(url: str) -> dict[tuple[str, str], int]:
    """(function, kind of path) → count"""
    with closing(open_reader(url)) as reader:
        return {
            (stored.entry.rpartition(":")[2], stored.path): stored.count for stored in reader.classes() if stored.count
        }


def sums(*found: dict[tuple[str, str], int]) -> dict[tuple[str, str], int]:
    """The sums of some counts."""
    keys = {key for counts in found for key in counts}
    return {key: sum(counts.get(key, 0) for counts in found) for key in keys}


@pytest.fixture(scope="module")
def pods(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Three baselines that share some paths and have some of their own."""
    folder = tmp_path_factory.mktemp("pods")
    return [
        recorded(folder, prices, name) for name, prices in (("a", [1, 2, 200]), ("b", [3, 0]), ("c", [2, 300, 5, 7]))
    ]


def test_any_order_of_files_comes_to_the_same(pods: list[str], tmp_path: Path) -> None:
    """Counts are the sums, the merged baseline is whole, and merging a source again changes nothing."""
    expected = sums(*map(totals, pods))
    found = []
    for number, order in enumerate(itertools.permutations(pods)):
        target = str(tmp_path / f"{number}.baseline")
        merge_baselines(target, order[:1], EXEMPLARS)
        merge_baselines(target, [*order[1:], order[0], target], EXEMPLARS)
        assert totals(target) == expected
        assert damage_of(target) == []
        found.append(read_contents(target))
    assert all(contents == found[0] for contents in found)
    with closing(open_reader(target)) as reader:
        kept = [stored for stored in reader.traces() if stored.entry.endswith(":add")]
        assert kept
        assert all(len(stored.kept) <= EXEMPLARS for stored in reader.classes())
        assert [stored.id for stored in kept if not stored.producers] == []
        assert len(reader.revisions()) == 3


def test_contents_come_back_from_a_file_as_they_were(pods: list[str], tmp_path: Path) -> None:
    """Writing and reading loses nothing."""
    for pod in pods:
        contents, damaged = read_contents(pod)
        write_contents(tmp_path / "copy.baseline", contents)
        assert read_contents(str(tmp_path / "copy.baseline")) == (contents, damaged) == (contents, 0)


def test_a_copy_that_was_recorded_into_counts_what_it_shares_once(pods: list[str], tmp_path: Path) -> None:
    """Two continue one recording: their merge has it once, and what each added."""
    before = totals(pods[0])
    first, second = str(tmp_path / "first.baseline"), str(tmp_path / "second.baseline")
    shutil.copy(pods[0], first)
    shutil.copy(pods[0], second)
    for name, prices in (("first", [11, 12]), ("second", [500])):
        assert recorded(tmp_path, prices, name) == str(tmp_path / f"{name}.baseline")
    whole = str(tmp_path / "whole.baseline")
    merge_baselines(whole, [first, second, pods[0]], EXEMPLARS)
    both = sums(totals(first), totals(second))
    assert totals(whole) == {key: both[key] - before.get(key, 0) for key in both}
    assert len(read_contents(whole)[0].sessions) == 3


def test_sessions_side_by_side_are_counted_once(tmp_path: Path) -> None:
    """Two processes record into one file; a copy that was taken meanwhile adds nothing to it."""
    key = ("m:f", "p")
    target, copy = str(tmp_path / "target.baseline"), str(tmp_path / "copy.baseline")
    batch = Batch([Entry("m:f", "function", "m", "m:f")], {key: PathClass([], "returned", False)}, {key: 5}, [], {}, {})
    one, other = open_writer(target), open_writer(target)
    for number, writer in enumerate((one, other)):
        writer.start(Revision("", "3.12", float(number), {}, {}))
        for each in (one, other)[: number + 1]:
            each.write(batch._replace(counters={"dropped": 1}))
    shutil.copy(target, copy)
    shutil.copy(f"{target}-wal", f"{copy}-wal")
    one.write(batch)
    other.close()
    one.close()
    merge_baselines(str(tmp_path / "whole.baseline"), [target, copy, target], EXEMPLARS)
    with closing(open_reader(str(tmp_path / "whole.baseline"))) as reader:
        assert [stored.count for stored in reader.classes()] == [20]
        assert reader.counters() == {"dropped": 3}
    assert {name: part.counts for name, part in read_contents(target)[0].parts.items()} == {
        name: {"m:f": {"p": count}} for name, count in zip(_sessions(target), (5, 15), strict=True)
    }


def _sessions(url: str) -> list[str]:
    """The names of the sessions, by when they began."""
    sessions = read_contents(url)[0].sessions
    return sorted(sessions, key=lambda name: sessions[name].recorded)


def test_the_start_of_a_session_reads_no_part_but_the_last(pods: list[str], tmp_path: Path) -> None:
    """A service that is restarted every day starts as quickly after a year."""
    target = str(tmp_path / "target.baseline")
    shutil.copy(pods[0], target)
    for number in range(5):
        recorded(tmp_path, [number], "target")
    before = totals(target)
    read: list[str] = []
    writer = SqliteWriter(target)
    writer._db.set_trace_callback(read.append)
    writer.start(Revision("", "3.12", 9.0, {}, {}))
    writer._db.set_trace_callback(None)
    writer.close()
    asked = [statement for statement in read if "FROM part " in statement]
    assert asked
    assert all("WHERE id = " in statement for statement in asked)
    contents = read_contents(target)[0]
    assert sum(sum(paths.values()) for paths in total(contents.parts).counts.values()) == sum(before.values())


def test_a_merged_baseline_can_be_recorded_into_and_merged_again(pods: list[str], tmp_path: Path) -> None:
    """What is recorded afterwards is a part of its own."""
    target = str(tmp_path / "target.baseline")
    merge_baselines(target, pods[:2], EXEMPLARS)
    assert recorded(tmp_path, [900, 901], "target") == target
    grown = totals(target)
    assert sum(grown.values()) == sum(sums(*map(totals, pods[:2])).values()) + 4
    merge_baselines(target, pods[:2], EXEMPLARS)
    assert totals(target) == grown
    merge_baselines(target, pods, EXEMPLARS)
    assert totals(target) == sums(grown, totals(pods[2]))


def test_a_baseline_of_an_older_version_is_merged(pods: list[str], tmp_path: Path) -> None:
    """Its sessions have no names and its counts no parts; still it counts once."""
    old = tmp_path / "old.baseline"
    shutil.copy(Path(__file__).with_name("data") / "format_2.baseline", old)
    target = str(tmp_path / "target.baseline")
    merge_baselines(target, [str(old), pods[0]], EXEMPLARS)
    assert totals(target) == sums(totals(str(old)), totals(pods[0]))
    merge_baselines(target, [str(old)], EXEMPLARS)
    assert totals(target) == sums(totals(str(old)), totals(pods[0]))


def test_a_damaged_trace_is_left_out_and_counted(pods: list[str], tmp_path: Path) -> None:
    """The others are merged."""
    broken = str(tmp_path / "broken.baseline")
    shutil.copy(pods[0], broken)
    connection = sqlite3.connect(broken)
    with connection:
        connection.execute("UPDATE trace SET digest = x'00' WHERE rowid = (SELECT min(rowid) FROM trace)")
    connection.close()
    done = merge_baselines(str(tmp_path / "target.baseline"), [broken, pods[1]], EXEMPLARS)
    assert done.damaged == {broken: 1}


def test_a_target_that_is_recorded_into_is_left_alone(pods: list[str], tmp_path: Path) -> None:
    """Replacing it would lose what is written from here on; a source that is not there changes nothing either."""
    target = str(tmp_path / "target.baseline")
    writer = open_writer(target)
    writer.start(Revision("", "3.12", 1.0, {}, {}))
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(StoreBusy, match="is being recorded into"):
        merge_baselines(target, pods, EXEMPLARS)
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    writer.close()
    content = Path(target).read_bytes()
    with pytest.raises(UnknownBaseline):
        merge_baselines(target, [str(tmp_path / "none.baseline")], EXEMPLARS)
    assert Path(target).read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == ["target.baseline"]
