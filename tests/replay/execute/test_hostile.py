"""A hostile baseline: whatever a file names, nothing of it runs, and every refusal is named."""

from __future__ import annotations

import contextlib
import importlib
import os
import sqlite3
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_runtime.recorders.model.trace import Entry, Trace, encode_trace
from pytest_runtime.recorders.model.value_tree import (
    AnchorNode,
    BytesNode,
    DictNode,
    EnumNode,
    GlobalNode,
    ListNode,
    ObjectNode,
    RefNode,
    SetNode,
    StandardNode,
    Tree,
    TupleNode,
    record,
)
from pytest_runtime.recorders.store import guard
from pytest_runtime.recorders.store import sqlite_schema as store
from pytest_runtime.recorders.store.open import open_reader, open_writer
from pytest_runtime.recorders.store.protocol import Batch, KeptTrace
from pytest_runtime.replay.entries.function import callable_of
from pytest_runtime.replay.entries.protocol import EntryGone, EntryUnavailable
from pytest_runtime.replay.entries.wsgi import WebApplications
from pytest_runtime.replay.world.rebuild import build
from pytest_runtime.replay.world.resolver import Resolver, Unbuildable, is_program
from pytest_runtime.testing import Scenario

SHOP = """
    import os
    import pathlib
    import subprocess
    from subprocess import Popen

    class Cart:
        def __init__(self, owner):
            pathlib.Path(__file__).with_name("planted").touch()
            self.owner = owner

        def __setstate__(self, state):
            pathlib.Path(__file__).with_name("planted").touch()

        def __del__(self):
            pass

    class Sneaky:
        def __new__(cls, *args):
            pathlib.Path(__file__).with_name("planted").touch()
            return object.__new__(cls)

        def __setattr__(self, name, value):
            pathlib.Path(__file__).with_name("planted").touch()

        @property
        def total(self):
            pathlib.Path(__file__).with_name("planted").touch()

    def work(value):
        return None
    """


class Hostile:
    """A recorded baseline whose traces are then written anew by an attacker, with the store's own writer."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.planted = folder / "planted"
        self.scenario = Scenario(folder, {"shop": SHOP}).record(lambda shop: shop.work(1))
        self.shop = self.scenario.unique("shop")

    def rewrite(
        self, change: Callable[[Trace], dict[str, Any]], *, entry: Callable[[Entry], Entry] = lambda one: one
    ) -> None:
        """Replace the trace's fields."""
        reader = open_reader(self.scenario.store)
        entries, classes = [entry(one) for one in reader.entries().values()], reader.classes()
        revisions, [stored] = reader.revisions(), reader.traces()
        reader.close()
        assert stored.trace is not None
        Path(self.scenario.store).unlink()
        fields = {name: getattr(stored.trace, name) for name in stored.trace.__struct_fields__}
        data = encode_trace(Trace(**{**fields, **change(stored.trace)}))
        writer = open_writer(self.scenario.store)
        writer.start(revisions[max(revisions)])
        described = {(one.entry, one.path): one.description for one in classes}
        kept = KeptTrace(stored.entry, stored.path, 0, stored.id, data)
        writer.write(Batch(entries, described, dict.fromkeys(described, 1), [kept], {}, {}))
        writer.close()

    def argument(self, tree: Tree) -> set[str]:
        """Replay with an argument of the attacker's choice; the reasons why it was not judged."""
        arguments = TupleNode([None, TupleNode([tree]), DictNode([], [])])
        self.rewrite(lambda trace: {"input": record(kind="function", arguments=arguments)})
        replayed = self.scenario.replay()
        assert set(replayed.counts) <= {"not judged", "error"}
        return replayed.reasons


def served_by(target: str) -> Callable[[Entry], Entry]:
    """An entry that says which application answers it."""
    return lambda one: Entry(one.name, "wsgi", one.module, target)


@pytest.fixture
def hostile(tmp_path: Path) -> Iterator[Hostile]:
    """A baseline to spoil; whatever is done to it, the sentinel is not planted."""
    one = Hostile(tmp_path)
    yield one
    assert not one.planted.exists()


FOREIGN = [
    *("os:system", "posix:system", "subprocess:Popen", "builtins:eval", "builtins:exec", "builtins:__import__"),
    *("builtins:open", "builtins:getattr", "pickle:loads", "importlib:import_module", "functools:partial"),
    *("socket:socket", "threading:Thread", "types:FunctionType", "types:CodeType", "operator:attrgetter"),
    *("tempfile:TemporaryDirectory", "antigravity:geohash", "nowhere:Nothing", "", ":", "os", "builtins:type"),
]
SHAPES: dict[str, Callable[[str], Tree]] = {
    "an object": lambda name: ObjectNode(name, TupleNode(["touch planted"]), ["x"], [1]),
    "a global": GlobalNode,
    "an enumeration": lambda name: EnumNode(name, "X", 1),
    "in a list": lambda name: ListNode([DictNode(["a"], [GlobalNode(name)])]),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_nothing_outside_the_included_packages_is_built(shape: str) -> None:
    """Each of these names is refused as an object, as a reference and as an enumeration, and is named."""
    resolver = Resolver(["shop"])
    for name in FOREIGN:
        with pytest.raises(Unbuildable) as caught:
            build(SHAPES[shape](name), resolver)
        assert name in str(caught.value)


def test_nothing_is_imported_for_a_baseline() -> None:
    """Refusing a module's class does not load the module."""
    sys.modules.pop("antigravity", None)
    with pytest.raises(Unbuildable):
        build(GlobalNode("antigravity:geohash"), Resolver(["shop"]))
    assert "antigravity" not in sys.modules


@pytest.mark.parametrize("name", ["os:system", "subprocess:Popen", "builtins:eval"])
def test_a_foreign_name_in_a_baseline_is_refused_and_named(hostile: Hostile, name: str) -> None:
    """Not judged, with the name in the reason, and nothing ran."""
    command = f"touch {hostile.planted}"
    [reason] = hostile.argument(ObjectNode(name, TupleNode([command]), [], []))
    assert f"refused to build {name}" in reason


@pytest.mark.parametrize(
    "path", ["os.system", "subprocess.Popen", "Popen", "pathlib.Path", "Cart.__init__.__globals__", "os"]
)
def test_an_included_module_is_no_way_out(hostile: Hostile, path: str) -> None:
    """What it imports or re-exports belongs to someone else."""
    command = f"touch {hostile.planted}"
    for tree in (
        ObjectNode(f"{hostile.shop}:{path}", TupleNode([command]), [], []),
        GlobalNode(f"{hostile.shop}:{path}"),
    ):
        [reason] = hostile.argument(tree)
        assert f"{hostile.shop}:{path}" in reason


@pytest.mark.parametrize("name", ["Cart", "Sneaky"])
def test_no_method_of_a_class_runs_while_it_is_built(hostile: Hostile, name: str) -> None:
    """State is put into a bare instance: no `__init__`, `__new__`, `__setstate__`, `__setattr__`; properties are read
    afterwards, where nothing leaves the process."""
    arguments = TupleNode(
        [None, TupleNode([ObjectNode(f"{hostile.shop}:{name}", None, ["owner", "size"], ["x", 1])]), DictNode([], [])]
    )
    hostile.rewrite(lambda trace: {"input": record(kind="function", arguments=arguments)})
    assert hostile.scenario.replay().counts == {"same": 1}


def test_an_entry_may_not_lead_outside(hostile: Hostile) -> None:
    """A baseline that says that the function under test is `os.system`."""
    arguments = TupleNode([None, TupleNode([f"touch {hostile.planted}"]), DictNode([], [])])
    shop = hostile.shop
    for target in ("os:system", f"{shop}:os.system", f"{shop}:Popen", f"{shop}:Popen.__init__", f"{shop}:os"):
        hostile.rewrite(
            lambda trace: {"input": record(kind="function", arguments=arguments)},
            entry=lambda one, target=target: Entry(one.name, one.kind, one.module, target),  # type: ignore[misc]  # mypy
        )
        replayed = hostile.scenario.replay()
        assert replayed.counts == {"error": 1}
        assert f"refused to call {target}" in replayed.reasons.pop()
        assert not hostile.planted.exists()


PLANT = "import pathlib\npathlib.Path(__file__).with_name('planted').touch()\nclass X: pass\ndef f(): pass\n"
PACKAGE = {
    "__init__.py": "",
    "__main__.py": PLANT,
    "scripts.py": PLANT,
    "core.py": "def work(value):\n    return None\n",
}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Path]]:
    """An importable package with a program and a script in it, of which only `core` is loaded."""
    name = f"package_{tmp_path.name}".replace("-", "_")
    folder = tmp_path / name
    folder.mkdir()
    for file, text in PACKAGE.items():
        (folder / file).write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.import_module(f"{name}.core")
    yield name, folder / "planted"
    assert not (folder / "planted").exists()
    for module in [one for one in sys.modules if one.partition(".")[0] == name]:
        del sys.modules[module]


@pytest.mark.parametrize("module", ["__main__", "scripts", "__main__.more", "nowhere"])
def test_no_name_in_a_baseline_makes_a_module_be_imported(package: tuple[str, Path], module: str) -> None:
    """A class, a function, an entry or an application of an included module that nobody loaded is gone."""
    name, _planted = package
    resolver = Resolver([name])
    assert build(GlobalNode(f"{name}.core:work"), resolver).__name__ == "work"
    for tree in (GlobalNode(f"{name}.{module}:X"), ObjectNode(f"{name}.{module}:X", None, [], [])):
        with pytest.raises(Unbuildable, match=f"{name}.{module}:X"):
            build(tree, resolver)
    with pytest.raises((EntryGone, EntryUnavailable), match=f"{name}.{module}:f"):
        callable_of(f"{name}.{module}:f", "function", None, resolver)
    applications = WebApplications("", contextlib.nullcontext, resolver)
    with pytest.raises(EntryUnavailable, match="cannot be built here"):
        applications.find(Entry("GET /", "wsgi", name, f"{name}.{module}:f"))


def test_a_program_that_is_loaded_is_not_built_from(package: tuple[str, Path]) -> None:
    """`__main__` of whoever replays is no included package, whatever includes it."""
    with pytest.raises(Unbuildable, match="refused to build __main__:X"):
        build(GlobalNode("__main__:X"), Resolver(["__main__"]))


def test_a_listed_module_below_a_program_is_not_loaded() -> None:
    """Importing it would run the program above it."""
    assert is_program("shop.__main__.more")
    assert is_program("__main__")
    assert not is_program("shop.main")


FIVE_BILLION = 5_000_000_000
ENDLESS = StandardNode("range", [0, FIVE_BILLION, 1])
LARGE: dict[str, Tree] = {
    "bytearray": StandardNode("bytearray", [FIVE_BILLION]),
    "bytes": ObjectNode("builtins:bytes", FIVE_BILLION, [], []),
    "deque": ObjectNode("collections:deque", TupleNode([ENDLESS, None]), [], []),
    "list": ObjectNode("builtins:list", ENDLESS, [], []),
    "set": ObjectNode("builtins:set", ENDLESS, [], []),
    "tuple": ObjectNode("builtins:tuple", ENDLESS, [], []),
    "group": ObjectNode("builtins:ExceptionGroup", TupleNode(["x", ENDLESS]), [], []),
    "fraction": StandardNode("fraction", ["1e5000000", 1]),
    "logger": StandardNode("logger", ["a." * 100_000]),
    "iterator": StandardNode("iterator", [ENDLESS]),
}


@pytest.mark.parametrize("case", LARGE)
def test_no_value_is_larger_than_what_the_baseline_holds(case: str) -> None:
    """A number does not become so many bytes, nor a range so many items."""
    with pytest.raises(Unbuildable):
        build(LARGE[case], Resolver(["shop"]))


def test_a_stream_is_not_longer_than_its_text() -> None:
    """A position beyond the end would be filled with zeros by the first write."""
    stream = build(StandardNode("bytestream", [BytesNode(b"abc"), FIVE_BILLION]), Resolver([]))
    stream.write(b"d")
    assert stream.getvalue() == b"abcd"


def test_a_string_is_not_made_of_an_object(hostile: Hostile) -> None:
    """`str`, `int` and `float` of an object would run its methods."""
    cart = ObjectNode(f"{hostile.shop}:Cart", None, [], [])
    for name in ("str", "int", "float", "bytes", "complex"):
        [reason] = hostile.argument(ObjectNode(f"builtins:{name}", cart, [], []))
        assert "is not built as it was" in reason


def test_an_application_may_not_lead_outside(hostile: Hostile) -> None:
    """A baseline that names its own application: only an included module's is built."""
    environ = record(environ=DictNode([], []), body=BytesNode(b""))
    sys.modules.pop("antigravity", None)
    for target in (
        "antigravity:geohash",
        f"{hostile.shop}:os.abort()",
        f"{hostile.shop}:os.getcwd()",
        f"{hostile.shop}:os",
    ):
        hostile.rewrite(lambda trace: {"kind": "wsgi", "input": environ}, entry=served_by(target))
        replayed = hostile.scenario.replay()
        assert replayed.counts == {"error": 1}
        assert f"the application {target} cannot be built here: " in replayed.reasons.pop()
    assert "antigravity" not in sys.modules


def test_an_exception_of_the_recording_may_not_lead_outside() -> None:
    """Only exceptions of the standard library, of known HTTP clients and of included packages are raised again."""
    resolver = Resolver(["shop"])
    assert isinstance(build(ObjectNode("builtins:OSError", TupleNode([2, "no"]), [], []), resolver), OSError)
    assert isinstance(build(ObjectNode("sqlite3:IntegrityError", TupleNode(["x"]), [], []), resolver), sqlite3.Error)
    for name in ("subprocess:Popen", "_pytest.outcomes:Exit", "hypothesis.errors:HypothesisException"):
        with pytest.raises(Unbuildable, match="refused to build"):
            build(ObjectNode(name, TupleNode(["x"]), [], []), resolver)


WRONG: dict[str, Tree] = {
    "unknown kind": StandardNode("shell", ["touch planted"]),
    "wrong parts": StandardNode("datetime", ["x"]),
    "too few parts": StandardNode("uuid", []),
    "a path class of one's own": StandardNode("path", ["Path.cwd", "x"]),
    "a zone that is a file": StandardNode("zoneinfo", ["../../etc/passwd"]),
    "a reference to nothing": RefNode(7),
    "a tuple that contains itself": AnchorNode(0, TupleNode([RefNode(0)])),
    "an unhashable key": DictNode([ListNode([])], [1]),
    "an unhashable item": SetNode([ListNode([])]),
    "a pattern that does not compile": StandardNode("pattern", ["(", 0]),
    "keys without values": DictNode(["a", "b"], [1]),
    "names without values": ObjectNode("types:SimpleNamespace", None, ["a"], []),
    "a dict with foreign content": ObjectNode("collections:OrderedDict", 5, [], []),
    "a default factory that runs something": ObjectNode(
        "collections:defaultdict", TupleNode([DictNode([], []), GlobalNode("os:system")]), [], []
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_nodes_are_not_judged(hostile: Hostile, case: str) -> None:
    """A tree that no recorder writes costs its trace, never the run."""
    [reason] = hostile.argument(WRONG[case])
    assert reason


def nested(depth: int) -> Tree:
    """Lists in lists."""
    tree: Tree = 1
    for _level in range(depth):
        tree = ListNode([tree])
    return tree


def test_deep_nesting_costs_one_trace(hostile: Hostile) -> None:
    """Deeper than any interpreter recurses."""
    data = b"\x92\xa1l\x91" * 5000 + b"\x01"
    connection = sqlite3.connect(hostile.scenario.store)
    with connection:
        dictionary = connection.execute("SELECT dictionary FROM entry").fetchone()[0]
        packer = zlib.compressobj(9, zdict=zlib.decompress(dictionary))
        row = (store.digest_of(data), packer.compress(data) + packer.flush())
        connection.execute("UPDATE trace SET digest = ?, data = ?", row)
    connection.close()
    replayed = hostile.scenario.replay()
    assert replayed.counts == {"not judged": 1}
    assert "it is corrupt" in replayed.reasons.pop()


def test_a_tree_that_is_just_decodable_costs_one_trace(hostile: Hostile) -> None:
    """Deeper than what the recorder writes."""
    assert hostile.argument(nested(400))


def test_a_decompression_bomb_stops_early(hostile: Hostile, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few bytes that become gigabytes are told as corrupt."""
    monkeypatch.setattr(guard, "SIZE_LIMIT", 1_000_000)
    connection = sqlite3.connect(hostile.scenario.store)
    with connection:
        dictionary = connection.execute("SELECT dictionary FROM entry").fetchone()[0]
        packer = zlib.compressobj(9, zdict=zlib.decompress(dictionary))
        data = packer.compress(bytes(50_000_000)) + packer.flush()
        connection.execute("UPDATE trace SET data = ?", (data,))
    connection.close()
    replayed = hostile.scenario.replay()
    assert replayed.counts == {"not judged": 1}
    assert "decompresses to more than 1000000 bytes" in replayed.reasons.pop()


def test_a_large_number_of_items_is_no_way_to_hang(hostile: Hostile) -> None:
    """Numbers that would take for ever to build are refused or cheap."""
    reasons = hostile.argument(ListNode([StandardNode("decimal", ["x" * 100_000])]))
    assert all(len(reason) < 200_000 for reason in reasons)


def test_recorded_source_is_never_run(hostile: Hostile) -> None:
    """The text of modules in a baseline is compared, not imported."""
    connection = sqlite3.connect(hostile.scenario.store)
    text = f"open({str(hostile.planted)!r}, 'w')".encode()
    with connection:
        connection.execute("UPDATE text SET data = ?", (zlib.compress(text),))
    connection.close()
    assert hostile.scenario.replay().counts == {"same": 1}


def test_a_module_outside_is_not_imported_because_a_baseline_lists_it(hostile: Hostile) -> None:
    """Modules are loaded by what the baseline says it recorded: only included ones."""
    connection = sqlite3.connect(hostile.scenario.store)
    with connection:
        connection.execute("INSERT INTO source SELECT revision, 'antigravity', digest FROM source")
    connection.close()
    sys.modules.pop("antigravity", None)
    hostile.scenario.replay()
    assert "antigravity" not in sys.modules


def test_the_sentinel_would_be_planted_by_a_baseline_that_ran(tmp_path: Path) -> None:
    """The control: the commands above do plant it when something runs them."""
    planted = tmp_path / "planted"
    subprocess.run(["touch", str(planted)], check=True)
    assert planted.exists()
    planted.unlink()
    assert os.system(f"touch {planted}") == 0
    assert planted.exists()
