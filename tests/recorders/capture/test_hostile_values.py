"""Hostile values: capture runs none of their code, raises nothing, and leaves them as they were."""

from __future__ import annotations

import io
import sys
import types
from pathlib import Path
from typing import Any

import pytest
from hostile.classes import WATCH, noting, noting_stream
from hostile_values import check

from pytest_runtime.recorders.capture.freeze import freeze
from pytest_runtime.recorders.capture.readers import known_readers
from pytest_runtime.recorders.capture.thaw import capture
from pytest_runtime.recorders.included import ImportWatcher, Included
from pytest_runtime.recorders.model.value_tree import GlobalNode, ListNode, OpaqueNode, StandardNode


@pytest.mark.parametrize("seed", [0, 1])
def test_nothing_happens_when_generated_values_are_captured(seed: int) -> None:
    """Of 400 values whose classes, metaclasses, streams and iterators note what runs, none notes anything."""
    counts = check(400, seed)
    assert (dict(counts.exceptions), dict(counts.calls), counts.changed) == ({}, {}, 0)


def test_the_generator_would_notice() -> None:
    """The values do note what is done with them: a look that is no reader's runs their code."""
    WATCH.ran.clear()
    raw = noting_stream()
    WATCH.is_armed = True
    assert raw.readable()
    WATCH.is_armed = False
    assert dict(WATCH.ran) == {"readable": 1}


def test_an_open_file_stays_where_it_is(tmp_path: Path) -> None:
    """What is left of a file is captured, and neither the stream nor the descriptor under it moves."""
    path = tmp_path / "f.txt"
    path.write_text("one\ntwo\nthrée\n", encoding="utf-8")
    with path.open(encoding="utf-8") as file:
        file.readline()
        raw: Any = file.buffer.raw  # type: ignore[attr-defined]  # of a buffered reader
        below = raw.tell()
        assert capture(file) == StandardNode("textstream", ["two\nthrée\n", 0])
        assert raw.tell() == below
        assert file.read() == "two\nthrée\n"
    with path.open("rb") as binary:
        binary.read(4)
        assert isinstance(capture(binary), StandardNode)
        assert binary.read() == "two\nthrée\n".encode()


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_a_file_that_cannot_be_read_beside_it_is_opaque(tmp_path: Path, encoding: str) -> None:
    """An encoding with a state of its own, or line ends that the stream may translate, are not guessed at."""
    path = tmp_path / "f.txt"
    path.write_text("one", encoding=encoding)
    with path.open(encoding=encoding) as file:
        assert isinstance(capture(file), OpaqueNode)
        assert file.read() == "one"
    path.write_bytes(b"one\r\ntwo")
    with path.open(encoding="utf-8") as file:
        assert isinstance(capture(file), OpaqueNode)


def test_a_stream_over_one_of_the_service_is_opaque() -> None:
    """A buffered reader over a raw stream of the service's is not touched."""
    for stream in (io.BufferedReader(noting_stream()), io.TextIOWrapper(io.BufferedReader(noting_stream()))):
        WATCH.ran.clear()
        WATCH.is_armed = True
        tree = capture(stream)
        WATCH.is_armed = False
        assert isinstance(tree, OpaqueNode)
        assert not WATCH.ran
        stream.detach()


def test_what_is_written_in_c_is_named_without_asking_the_object_that_it_belongs_to() -> None:
    """A function by its name, a method of a class by that of the class, of an object with the object."""
    assert capture([].append) == StandardNode("builtinmethod", [ListNode([]), "append"])
    assert capture(str.upper) == GlobalNode("builtins:str.upper")
    assert capture(len) == GlobalNode("builtins:len")
    assert capture(dict.fromkeys) == GlobalNode("builtins:dict.fromkeys")


def test_classes_may_go_away() -> None:
    """What is known of a class does not keep it alive, nor is it taken for that of another class with the same id."""
    keys = set()
    for _ in range(200):
        cls = type("Passing", (), {})
        freeze(cls())
        keys.add(id(cls))
    del cls
    import gc

    gc.collect()
    assert not any(key in known_readers for key in keys)


def test_lazy_objects_are_not_evaluated_when_a_loaded_module_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module that was there before the recorder, and is lazy or holds something lazy, is looked at raw."""
    calls: list[str] = []

    def touched(self: Any, name: str) -> Any:
        calls.append(name)
        raise AttributeError(name)

    class Lazy:
        __getattribute__ = touched

    class LazyModule(types.ModuleType):
        def __getattribute__(self, name: str) -> Any:
            calls.append(name)
            return super().__getattribute__(name)

    path = tmp_path / "lazyshop.py"
    path.write_text("def price():\n    return 1\n")
    module = LazyModule("lazyshop")
    space = vars(types.ModuleType)["__dict__"].__get__(module)
    exec(compile(path.read_text(), str(path), "exec"), space)
    space.update({"__file__": str(path), "lazy": Lazy(), "method": classmethod(space["price"])})
    monkeypatch.setitem(sys.modules, "lazyshop", module)
    seen: list[types.CodeType] = []
    faults: list[BaseException] = []
    watcher = ImportWatcher(
        Included(["lazyshop"]), on_codes=seen.extend, on_module=lambda module: None, on_fault=faults.append
    )
    calls.clear()
    undo = watcher.install()
    undo()
    assert [code.co_name for code in seen] == ["price"]
    assert calls == []
    assert faults == []


def test_noting_is_silent_unless_armed() -> None:
    """Building hostile values is not counted."""
    WATCH.ran.clear()
    method = noting("m", lambda self: 3)
    assert method(None) == 3
    assert not WATCH.ran
