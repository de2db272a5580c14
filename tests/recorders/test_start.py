"""The start of a recorder: what it loads into a process, and what it leaves for the first trace.

What a process has loaded is the subject, so each test looks into a fresh one, started as `pytest-runtime record` does.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from pytest_runtime.recorders.boundaries.catalogue import BUILT_IN
from pytest_runtime.recorders.options import ENVIRONMENT_KEY, RecordOptions, encode_options
from pytest_runtime.recorders.store.open import open_reader
from pytest_runtime.recording import STARTUP

ROOT = Path(__file__).resolve().parents[2]

HEAVY = {
    *("asyncio", "ssl", "socket", "select", "selectors", "subprocess", "concurrent", "logging", "queue"),
    *("ast", "inspect", "dis", "tokenize", "dataclasses", "traceback", "linecache", "typing_extensions"),
    *("importlib.metadata", "importlib.abc", "importlib.resources", "pluggy", "wrapt", "msgspec", "nacl"),
    *("sqlite3", "hashlib", "base64", "http", "email", "urllib", "ipaddress", "tomllib", "csv", "zipfile", "shutil"),
    *("pathlib", "tempfile", "random", "uuid", "decimal", "fractions", "zoneinfo", "platform", "sysconfig"),
}
"""Modules that are slow to load, and that the start does without."""

if sys.version_info < (3, 12):
    HEAVY -= {"ast", "dis", "inspect", "tokenize", "linecache"}  # prologues are made of syntax trees there

LATER = {"privacy", "probes.rounds", "store.protocol", "store.sqlite_writer", "session.gathering", "capture.thaw"}
"""Parts of the recorder that write."""


def run(folder: Path, program: str, *options: str, **more: Any) -> str:
    """What a recorded program prints."""
    (folder / "shop.py").write_text("def fee(total):\n    return 10 if total > 100 else 0\n")
    (folder / "program.py").write_text(textwrap.dedent(program))
    store = str(folder / "x.baseline")
    asked = RecordOptions(baseline="x", store=store, include=("shop",), startup=STARTUP, sample="all", **more)
    path = os.pathsep.join([STARTUP, str(ROOT)])
    done = subprocess.run(
        [sys.executable, *options, "program.py"],
        cwd=folder,
        env={**os.environ, ENVIRONMENT_KEY: encode_options(asked), "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "not recording" not in done.stderr
    assert "fault" not in done.stderr, done.stderr
    return done.stdout


def loaded(folder: Path, *before: str) -> set[str]:
    """The modules that a process has when the program's first line runs, or after it ran others."""
    program = "\n".join([*before, "import sys", "sys.stdout.write('\\n'.join(sys.modules))"])
    return set(run(folder, program).split("\n"))


def bare() -> set[str]:
    """The modules that an interpreter of this environment has by itself."""
    code = "import sys; sys.stdout.write('\\n'.join(sys.modules))"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


def test_what_is_slow_to_load_is_not_loaded(tmp_path: Path) -> None:
    """Neither of the standard library, nor of the packages that the recorder uses, nor of its own rooms."""
    found = loaded(tmp_path) - bare()
    assert "pytest_runtime.recorders.recording" in found
    assert sorted(name for name in found if name in HEAVY or name.partition(".")[0] in HEAVY) == []
    own = {name.removeprefix("pytest_runtime.recorders.") for name in found}
    assert sorted(name for name in own if name in LATER or name.startswith(("privacy.", "model.value"))) == []


def test_a_boundary_is_loaded_with_its_library(tmp_path: Path) -> None:
    """None before, that one after."""
    home = "pytest_runtime.recorders.boundaries."
    waiting = {f"{home}{one.file}" for one in BUILT_IN if one.module} - {f"{home}entropy"}
    assert waiting & loaded(tmp_path) == set()
    assert waiting & loaded(tmp_path, "import sqlite3") == {f"{home}sqlite"}


def test_a_trace_loads_the_rest_beside_the_service(tmp_path: Path) -> None:
    """Not the thread of the request: what writes is loaded by the recorder's own."""
    program = """
        import sys, threading, time

        import shop

        class Watch:
            seen = []

            def find_spec(self, name, path=None, target=None):
                if name.startswith("pytest_runtime."):
                    self.seen.append((name, threading.get_ident() == main))

        main = threading.get_ident()
        sys.meta_path.insert(0, Watch())
        shop.fee(120)
        until = time.monotonic() + 20
        while "pytest_runtime.recorders.store.sqlite_writer" not in sys.modules and time.monotonic() < until:
            time.sleep(0.01)
        import json
        sys.stdout.write(json.dumps(Watch.seen))
        """
    seen = json.loads(run(tmp_path, program))
    assert "pytest_runtime.recorders.session.workbench" in dict(seen)
    assert [name for name, is_main in seen if is_main] == []


def test_a_service_that_changes_the_standard_library_is_recorded(tmp_path: Path) -> None:
    """What is loaded with the first trace uses the functions that were there at the start."""
    program = """
        import os, time

        def fails(*args, **kwargs):
            raise AssertionError("of the service")

        import shop

        sleep = time.sleep
        for owner, names in ((os, ("urandom", "getpid", "kill")), (time, ("time", "monotonic", "thread_time"))):
            for name in names:
                setattr(owner, name, fails)
        shop.fee(120)
        sleep(1)
        """
    run(tmp_path, program, commit="")
    reader = open_reader(str(tmp_path / "x.baseline"))
    try:
        assert sum(len(one.kept) for one in reader.classes()) == 1
    finally:
        reader.close()


def test_a_process_that_waits_is_known_to_record(tmp_path: Path) -> None:
    """A server that nobody has asked anything yet stands in the baseline a little after its start."""
    program = """
        import sys, time

        from pytest_runtime.recorders.errors import StoreError
        from pytest_runtime.recorders.store.open import open_reader

        until = time.monotonic() + 30
        found = {}
        while not found and time.monotonic() < until:
            time.sleep(0.1)
            try:
                reader = open_reader("x.baseline")
            except StoreError:
                continue  # it is not there, or being made
            found = reader.processes()
            reader.close()
        sys.stdout.write(str([process.ended for process in found.values()]))
        """
    assert run(tmp_path, program) == "[False]"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked on POSIX alone")
def test_a_process_that_forks_loads_first(tmp_path: Path) -> None:
    """Once for all its children, which share what is loaded; and they have the same key."""
    program = """
        import os, sys

        late = "pytest_runtime.recorders.session.workbench"
        sys.stdout.write(f"{late in sys.modules} ")
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            sys.stdout.write(str(late in sys.modules))
            sys.stdout.flush()
            os._exit(0)
        os.waitpid(child, 0)
        """
    assert run(tmp_path, program) == "False True"


def test_every_boundary_is_put_in_place_by_the_import_of_its_library(tmp_path: Path) -> None:
    """Also where the library is a module of a package, which does not have it as an attribute while it is imported."""
    modules = [boundary.module for boundary in BUILT_IN if boundary.module]
    program = f"""
        import importlib.util, sys

        for name in {modules!r}:
            try:
                __import__(name)
            except ImportError:
                continue
        import pytest_runtime.recorders.imports as imports
        sys.stdout.write(str(sorted({{name for name, hooks in imports._waiting.items() if hooks}} & set(sys.modules))))
        """
    assert run(tmp_path, program) == "[]"
