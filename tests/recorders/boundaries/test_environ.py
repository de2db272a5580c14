"""The environment boundary: what a trace reads of the environment is recorded, what it sets itself is its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pytest_runtime.recorders.boundaries import environ
from pytest_runtime.recorders.boundaries.live_world import LiveWorld
from pytest_runtime.recorders.boundaries.outside_world import SessionVariables
from pytest_runtime.recorders.context import Scope, watch_variables, within
from pytest_runtime.recorders.store.open import open_reader
from pytest_runtime.testing import Scenario


@pytest.fixture(autouse=True)
def boundary(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The boundary in place, with one variable set; afterwards every method is the very object it was before."""
    monkeypatch.setenv("SHOP_MODE", "live")
    monkeypatch.delenv("SHOP_MISSING", raising=False)
    monkeypatch.delenv("SHOP_OWN", raising=False)
    monkeypatch.setattr(environ, "_methods", environ._Methods())  # of a process that has just begun
    before = dict(vars(type(os.environ)))
    undo = environ.install()
    yield
    undo()
    after = dict(vars(type(os.environ)))
    assert after.keys() == before.keys()
    assert all(after[name] is value for name, value in before.items())


@contextmanager
def traced() -> Iterator[LiveWorld]:
    """A block inside a trace."""
    world = LiveWorld(lambda file: file == __file__)
    with within(Scope(world)):
        yield world


@pytest.mark.parametrize(
    "read",
    [
        lambda: os.environ["SHOP_MODE"],
        lambda: os.environ.get("SHOP_MODE"),
        lambda: os.getenv("SHOP_MODE", "other"),
        lambda: os.environ.setdefault("SHOP_MODE", "other"),
        lambda: ("SHOP_MODE" in os.environ) and "live",
    ],
)
def test_a_variable_is_recorded(read: Any) -> None:
    """Each way to read a variable gives its value and records it once."""
    with traced() as world:
        assert read() == "live"
        assert read() == "live"
    assert world.variables == {"SHOP_MODE": "live"}


@pytest.mark.parametrize(
    ("read", "answer"),
    [
        (lambda: os.environ.get("SHOP_MISSING"), None),
        (lambda: os.getenv("SHOP_MISSING", "default"), "default"),
        (lambda: "SHOP_MISSING" in os.environ, False),
        (lambda: os.environ.pop("SHOP_MISSING", None), None),
    ],
)
def test_a_missing_variable_is_recorded(read: Any, answer: Any) -> None:
    """That a variable was not set is part of the trace."""
    with traced() as world:
        assert read() == answer
    assert world.variables == {"SHOP_MISSING": None}


def test_a_missing_variable_raises() -> None:
    """The subscript raises the error that it always raises."""
    with traced() as world, pytest.raises(KeyError) as caught:
        os.environ["SHOP_MISSING"]
    assert caught.value.args == ("SHOP_MISSING",)
    assert world.variables == {"SHOP_MISSING": None}


@pytest.mark.parametrize("read", [lambda: list(os.environ), lambda: len(os.environ), lambda: list(os.environ.keys())])
def test_the_names_are_recorded(read: Any) -> None:
    """Iterating and counting record which variables there were, and no values."""
    with traced() as world:
        found = read()
    assert world.variable_names is not None
    assert "SHOP_MODE" in world.variable_names
    assert found in (list(world.variable_names), len(world.variable_names))
    assert world.variables == {}


def test_a_copy_reads_everything() -> None:
    """A copy of the environment records names and values."""
    with traced() as world:
        copied = dict(os.environ)
    assert world.variables == copied
    assert os.environ.copy() == copied


def test_what_a_trace_reads_is_a_setting_of_the_session_too() -> None:
    """The trace may not be kept, as one of `main` that never ends. An entry that is not sampled pays for nothing."""
    session = SessionVariables(lambda file: file == __file__)  # type: ignore[arg-type]  # all that it asks of it
    undo = watch_variables(session)
    try:
        with traced() as world:
            assert os.environ.get("SHOP_MODE") == "live"
            assert os.environ.get("SHOP_MISSING", "default") == "default"
        with within(Scope(None)):
            assert os.environ.get("SHOP_OWN", "default") == "default"
    finally:
        undo()
    assert world.variables == {"SHOP_MODE": "live", "SHOP_MISSING": None}
    assert session.read() == {}
    assert session.read(everything=True) == {"SHOP_MODE": "live", "SHOP_MISSING": None}


def test_settings_that_one_trace_read_are_there_for_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the first call reads and keeps is written at the end; a secret of a trace is not, whatever its name."""
    monkeypatch.setenv("SHOP_NOTE", "correct horse battery staple")
    source = """
        import functools, os

        @functools.cache
        def settings():
            return os.environ["SHOP_MODE"], os.environ.get("SHOP_NOTE")

        def price(amount, password):
            return settings()[0] + str(amount)
        """
    scenario = Scenario(tmp_path, {"shop": source})
    scenario.record(lambda shop: [shop.price(amount, "correct horse battery staple") for amount in (1, 2)])
    reader = open_reader(scenario.store)
    [revision] = reader.revisions().values()
    traces = [stored.trace for stored in reader.traces() if stored.trace is not None]
    reader.close()
    assert sorted("SHOP_MODE" in trace.variables for trace in traces) == [False, True]
    assert revision.variables["SHOP_MODE"] == "live"
    assert revision.variables["SHOP_NOTE"] not in (None, "correct horse battery staple")


def test_the_programs_own_variables_are_not_recorded() -> None:
    """What the trace sets or deletes itself is really set and deleted, and later readings of it are not recorded."""
    with traced() as world:
        os.environ["SHOP_OWN"] = "1"
        assert os.environ["SHOP_OWN"] == "1"
        del os.environ["SHOP_OWN"]
        assert "SHOP_OWN" not in os.environ
        os.environ.update(SHOP_OWN="2")
        assert os.environ.pop("SHOP_OWN") == "2"
    assert world.variables == {}
    assert "SHOP_OWN" not in os.environ


def test_a_reading_before_setting_is_recorded() -> None:
    """Only what came before the program's own value is the environment's."""
    with traced() as world:
        before = os.environ["SHOP_MODE"]
        os.environ["SHOP_MODE"] = "test"
        assert os.environ["SHOP_MODE"] == "test"
        os.environ["SHOP_MODE"] = before
    assert world.variables == {"SHOP_MODE": "live"}


def test_children_see_what_was_set() -> None:
    """Setting reaches the real environment while recording."""
    with traced():
        os.environ["SHOP_OWN"] = "for the child"
        said = subprocess.run(
            [sys.executable, "-S", "-c", "import os; print(os.environ['SHOP_OWN'])"], capture_output=True, check=True
        )
    assert said.stdout.strip() == b"for the child"


def test_outside_a_trace_nothing_is_recorded() -> None:
    """Reading, iterating, setting and deleting work as always without a trace."""
    with traced() as world:
        pass
    os.environ["SHOP_OWN"] = "1"
    assert os.environ.get("SHOP_OWN") == "1"
    assert "SHOP_OWN" in list(os.environ)
    del os.environ["SHOP_OWN"]
    with pytest.raises(KeyError):
        del os.environ["SHOP_OWN"]
    assert (world.variables, world.variable_names) == ({}, None)


MANY_TIMES = """
import os
from pytest_runtime.recorders.boundaries import environ
from pytest_runtime.recorders.boundaries.live_world import LiveWorld
from pytest_runtime.recorders.context import Scope, within

os.environ["SHOP_MODE"] = "live"
seen = set()
for number in range(1_200):
    for _read in range(20):  # the interpreter specialises what it runs often
        os.environ.get("SHOP_MODE")
    undo = environ.install()
    world = LiveWorld(lambda file: True)
    with within(Scope(world)):
        os.environ.get("SHOP_MODE")
    undo()
    undo()
    seen.add(tuple(world.variables))
print(seen)
"""


def test_variables_are_recorded_however_often_a_recording_starts() -> None:
    """CPython 3.13 does not see changes of a class that was changed more than a thousand times."""
    command = [sys.executable, "-c", MANY_TIMES]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "{('SHOP_MODE',)}\n"


def test_wrong_keys_fail_as_before() -> None:
    """A key or value that is no text is refused with the same error inside a trace."""
    with traced() as world:
        with pytest.raises(TypeError):
            os.environ[1]  # type: ignore[index]  # on purpose
        with pytest.raises(TypeError):
            os.environ["SHOP_OWN"] = 1  # type: ignore[assignment]  # on purpose
    assert world.variables == {}


def test_settings_read_at_import_belong_to_the_revision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables that included code reads outside every trace are kept beside its source, those of others are not."""
    monkeypatch.setenv("SHOP_LIMIT", "40")
    source = "import os\nLIMIT = int(os.environ['SHOP_LIMIT'])\ndef within(total):\n    return total < LIMIT\n"
    scenario = Scenario(tmp_path, {"shop": source}).record(lambda shop: shop.within(5))
    os.environ.get("SHOP_MODE")
    reader = open_reader(scenario.store)
    (revision,) = reader.revisions().values()
    reader.close()
    assert dict(revision.variables) == {"SHOP_LIMIT": "40"}


def test_what_another_recorded_process_read_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A library looks through all variables, once for a process, as `urllib` does for proxies: a replay of the second
    call is the first that looks. The process that was recorded last, a command beside a server, read none of them."""
    library = tmp_path / "library"
    library.mkdir()
    monkeypatch.syspath_prepend(str(library))
    (library / "outside_library.py").write_text(
        "import functools, os\n\n\n"
        "@functools.cache\ndef proxies():\n"
        "    return sorted(name for name, value in os.environ.items() if name.endswith('_proxy') and value)\n"
    )
    source = """
        import os
        import outside_library

        def price(amount):
            return amount, len(outside_library.proxies())

        def plain(amount):
            return amount
        """
    (tmp_path / "project").mkdir()
    scenario = Scenario(tmp_path / "project", {"shop": source}).record(
        lambda shop: [shop.price(amount) for amount in (1, 2, 3)]
    )
    scenario.record(lambda shop: shop.plain(1))  # another process, which reads no variable
    replayed = scenario.judge(everything=True)
    assert (replayed.reasons, replayed.counts) == (set(), {"same": 4})
