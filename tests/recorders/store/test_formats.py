"""Formats: a baseline that an older version wrote is read, replayed, and added to."""

from __future__ import annotations

import importlib
import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_runtime import record
from pytest_runtime.recorders.model.inputs import CallInput, HttpInput, Input
from pytest_runtime.recorders.model.trace import FORMAT, Outcome, Trace, decode_trace, encode_trace
from pytest_runtime.recorders.model.value_tree import DictNode, ListNode, Tree, TupleNode
from pytest_runtime.recorders.store.open import open_reader

OLD = Path(__file__).with_name("data") / "format_2.baseline"
"""Written by version 0.1 from this source."""

SOURCE = """\
from flask import Flask, request

app = Flask(__name__)
LIMIT = 100


def fee(total, *, member=False):
    if total > LIMIT and not member:
        return {"fee": 10}
    return {"fee": 0}


class Cart:
    def __init__(self, owner):
        self.owner = owner
        self.lines = []

    def add(self, name, price):
        self.lines.append((name, price))
        return len(self.lines)


def first(count):
    for number in range(count):
        yield number * number


@app.post("/orders")
def orders():
    return {"total": sum(request.get_json()), "fee": fee(sum(request.get_json()))}
"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A copy of the file, as it may lie in a project."""
    copy = tmp_path / "old.baseline"
    shutil.copy(OLD, copy)
    return copy


def test_a_baseline_of_format_2_is_read(old: Path) -> None:
    """Every trace, its input with a type."""
    with closing(sqlite3.connect(old)) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (2,)
    with closing(open_reader(str(old))) as reader:
        traces = [stored.trace for stored in reader.traces()]
        assert all(trace is not None for trace in traces)
        kinds = Counter(type(trace.input).__name__ for trace in traces if trace is not None)
        assert set(kinds) == {"CallInput", "HttpInput"}
        calls = {trace.entry: trace.input for trace in traces if trace is not None}
        generator = calls["oldshop:first"]
        assert isinstance(generator, CallInput)
        assert (generator.generates, generator.parameters) == (True, ["count"])
        assert generator.positional == [4]
        request = calls["POST /orders"]
        assert isinstance(request, HttpInput)
        assert request.body in (b"[70, 80]", b"[1]")
        assert reader.revisions()[1].sources["oldshop"] == SOURCE


def test_a_baseline_of_format_2_is_replayed(old: Path, pytester: pytest.Pytester) -> None:
    """Against the code that it was recorded with: all the same; a changed fee diverges."""
    pytest.importorskip("flask")
    (pytester.path / "oldshop.py").write_text(SOURCE)
    pytester.makepyprojecttoml('[tool.pytest-runtime]\ninclude = ["oldshop"]\n')
    (pytester.path / ".runtime").mkdir()
    shutil.copy(old, pytester.path / ".runtime")
    options = ("--runtime-baseline=old", "--runtime-all", "-p", "no:cacheprovider")
    same = pytester.runpytest(*options)
    assert same.ret == 0
    (pytester.path / "oldshop.py").write_text(SOURCE.replace("LIMIT = 100", "LIMIT = 200"))
    changed = pytester.runpytest(*options)
    assert changed.ret == 1
    changed.stdout.fnmatch_lines(["*oldshop.py:*"])


def test_a_baseline_of_format_2_is_added_to(old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It becomes one of this format, whose older traces are read as before."""
    with closing(open_reader(str(old))) as reader:
        before = {stored.id for stored in reader.traces()}
    (tmp_path / "newshop.py").write_text("def twice(x):\n    return 2 * x\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with record(baseline="old", store=str(old), include=["newshop"]):
        importlib.import_module("newshop").twice(4)
    with closing(sqlite3.connect(old)) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (FORMAT,)
    with closing(open_reader(str(old))) as reader:
        assert all(stored.trace is not None for stored in reader.traces())
        assert before < {stored.id for stored in reader.traces()}


TREES: st.SearchStrategy[Tree] = st.recursive(
    st.none() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inside: st.lists(inside, max_size=3).map(ListNode) | st.lists(inside, max_size=3).map(TupleNode),
    max_leaves=5,
)
CALLS = st.builds(
    CallInput,
    st.sampled_from(["function", "method", "constructor", "local"]),
    TREES,
    st.lists(st.text(max_size=3), max_size=3),
    TREES,
    st.booleans(),
)
REQUESTS = st.builds(
    HttpInput,
    st.dictionaries(st.text(max_size=3), st.text(max_size=3)).map(lambda d: DictNode([*d], [*d.values()])),
    st.binary(max_size=5),
    st.booleans(),
)


@given(CALLS | REQUESTS)
def test_inputs_of_both_formats_are_the_same(given: Input) -> None:
    """An input decodes as itself, whether it was stored with its type or as the tree of format 2."""
    kind = "wsgi" if isinstance(given, HttpInput) else "function"
    trace = Trace("a:f", kind, 0.0, given, Outcome("return", None, None), [], [], {}, None, [], [], [], [])
    assert decode_trace(encode_trace(trace)) == trace
    values = [getattr(trace, name) for name in Trace.__struct_fields__]
    values[Trace.__struct_fields__.index("input")] = given.tree()
    assert decode_trace(msgspec.msgpack.encode(values)) == trace


@pytest.mark.parametrize("tree", [DictNode(["kind"], ["sideways"]), DictNode([], [])])
@pytest.mark.parametrize("kind", ["wsgi", "function"])
def test_what_is_no_input_is_a_damaged_trace(tree: Tree, kind: str) -> None:
    """A tree of format 2 that says no input is refused where it is read."""
    values = ["a:f", kind, 0.0, tree, Outcome("return", None, None), [], [], {}, None, [], [], [], []]
    with pytest.raises(msgspec.DecodeError, match="it is no trace: it is no"):
        decode_trace(msgspec.msgpack.encode(values))
