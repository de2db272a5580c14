"""Absences: a baseline without traces says why, where it is recorded and where it is replayed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pytest_runtime.recorders.boundaries.import_hooks import ImportHooks
from pytest_runtime.recorders.model.absences import Absence, unsampled, why_empty
from pytest_runtime.recorders.options import ENVIRONMENT_KEY, RecordOptions
from pytest_runtime.recorders.patching import Undos
from pytest_runtime.recorders.recording import Recording
from pytest_runtime.recorders.session.child_processes import (
    ChildEnvironment,
    environment_options,
    program_of,
    runs_python,
)
from pytest_runtime.recorders.store.open import open_reader, open_writer
from pytest_runtime.recorders.store.protocol import Batch, Revision
from pytest_runtime.testing import Scenario

ROOT = str(Path(__file__).resolve().parents[3])
SHOP = "def price(number):\n    return number * 2\n"
CONFIGURATION = '[tool.pytest-runtime]\ninclude = ["shop"]\n'
STARTING = """
import subprocess, sys
subprocess.run([sys.executable, "-I", "work.py", "hunter2"])
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with an included module and a script that calls it."""
    (tmp_path / "shop.py").write_text(SHOP)
    (tmp_path / "work.py").write_text("import shop\nshop.price(1)\n")
    (tmp_path / "pyproject.toml").write_text(CONFIGURATION)
    return tmp_path


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A command in a project, with this checkout on the path."""
    environ = {**os.environ, "PYTHONPATH": ROOT}
    return subprocess.run(words, cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=120)


def record(folder: Path, *command: str) -> str:
    """What `pytest-runtime record` says of a command that ends well."""
    done = run(folder, sys.executable, "-m", "pytest_runtime", "record", "--baseline", "b", "--", *command)
    assert done.returncode == 0, done.stderr
    return done.stderr


def stored(folder: Path) -> list[Absence]:
    """What the baseline says of itself."""
    reader = open_reader(str(folder / ".runtime" / "b.baseline"))
    try:
        return reader.absences()
    finally:
        reader.close()


def test_a_started_interpreter_that_ignores_the_environment_is_named(project: Path) -> None:
    """A child in which the recorder cannot start is named with the option, and without its further arguments."""
    (project / "start.py").write_text(STARTING)
    said = record(project, sys.executable, "start.py")
    assert "0 traces recorded" in said
    assert f"the recorder did not start in {os.path.basename(sys.executable)} work.py (-I)" in said
    assert "hunter2" not in said
    assert {one.kind for one in stored(project)} == {"ignores environment", "not imported"}


def test_a_process_that_imported_the_package_contradicts_one_that_did_not(project: Path) -> None:
    """The arbiter of workers imports nothing: what is said is of the process that came furthest."""
    (project / "start.py").write_text("import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'import shop'])")
    said = record(project, sys.executable, "start.py")
    assert "imported (shop), and no function of them was called from outside" in said


def test_an_interpreter_that_ignores_the_environment_is_named(project: Path) -> None:
    """`python -I` is recognised before it runs; it runs all the same, and the baseline knows why it is empty."""
    said = record(project, sys.executable, "-I", "-c", "print()")
    assert "not recording: with -I Python ignores what starts the recorder" in said
    assert [one.kind for one in stored(project)] == ["ignores environment"]


def test_the_replay_says_why_there_is_no_trace(project: Path) -> None:
    """The reason that the recorder stored is in the replay's and in `status`'s words too."""
    record(project, sys.executable, "-I", "-c", "print()")
    replay = run(project, sys.executable, "-m", "pytest", "--runtime-baseline=b", "--runtime-only")
    assert replay.returncode == 1
    reason = why_empty(stored(project))
    assert reason
    assert f"holds no trace: {reason}" in replay.stdout
    assert f"no trace: {reason}" in run(project, sys.executable, "-m", "pytest_runtime", "status", "b").stdout


def test_nothing_was_entered(tmp_path: Path) -> None:
    """Imported and never called, or never imported: these are two reasons."""
    scenario = Scenario(tmp_path, {"shop": SHOP}).record(lambda shop: None)
    assert scenario.recording is not None
    said = scenario.plain(scenario.recording.summary())
    assert "imported (shop), and no function of them was called from outside" in said
    recording = Recording(RecordOptions(baseline="b", store=str(tmp_path / "b.baseline"), include=("elsewhere",)))
    recording.start()
    recording.stop()
    assert "no module of the included packages was imported (elsewhere)" in recording.summary()


def test_a_recording_with_traces_says_nothing_of_the_kind(tmp_path: Path) -> None:
    """Processes that a recorded one starts are no absence when there are traces."""
    command = [sys.executable, "-c", ""]
    scenario = Scenario(tmp_path, {"shop": SHOP})
    scenario.record(lambda shop: (subprocess.run(command, check=True), shop.price(1)))
    reader = open_reader(scenario.store)
    assert reader.absences() == []
    reader.close()
    assert scenario.recording is not None
    assert "\n" not in scenario.recording.summary()


def test_a_new_session_forgets_why_the_last_one_was_empty(tmp_path: Path) -> None:
    """Reasons are those of the last session; what was not sampled adds up."""
    url = str(tmp_path / "b.baseline")
    for _session in range(2):
        writer = open_writer(url)
        writer.start(Revision("", "3.12", 0.0, {}, {}))
        writer.write(Batch([], {}, {}, [], {}, {}, {("forked", "1: x"): 1, ("not sampled", "GET /"): 5}))
        writer.close()
    reader = open_reader(url)
    assert reader.absences() == [Absence("forked", "1: x", 1), Absence("not sampled", "GET /", 10)]
    assert unsampled(reader.absences()) == {"GET /": 10}
    reader.close()


def test_a_baseline_of_an_older_version_has_none(tmp_path: Path) -> None:
    """A file without the table is read as one that says nothing."""
    import sqlite3

    url = str(tmp_path / "b.baseline")
    open_writer(url).close()
    connection = sqlite3.connect(url)
    connection.execute("DROP TABLE absence")
    connection.close()
    reader = open_reader(url)
    assert reader.absences() == []
    reader.close()
    open_writer(url).close()  # brings it up to date
    reader = open_reader(url)
    assert reader.absences() == []
    reader.close()


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("python app.py -I", ""),
        ("python3.12 -I app.py", "-I"),
        ("/usr/bin/python -sE -m app", "-E"),
        ("python -W error -S app.py", "-S"),
        ("python -Werror -X dev -c -I", ""),
        ("python -uIc pass", "-I"),
        ("python --check-hash-based-pycs always -E app.py", "-E"),
        ("sh -E", ""),
    ],
)
def test_options_that_keep_the_recorder_out(command: str, options: str) -> None:
    """Only options of the interpreter count, as its command line is read."""
    assert environment_options(command.split()) == options


def test_a_script_has_the_options_of_its_first_line(tmp_path: Path) -> None:
    """`#!` lines are read, those with `env` too."""
    script = tmp_path / "tool"
    for line, options in (("#!/usr/bin/env -S python3 -I", "-I"), ("#!/usr/bin/python3 -sP", ""), ("#!/bin/sh -E", "")):
        script.write_text(f"{line}\n")
        script.chmod(0o755)
        assert environment_options([str(script), "-E"]) == options
        assert runs_python([str(script)]) is ("python" in line)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["/usr/bin/python3", "-u", "/srv/app/manage.py", "runserver", "hunter2"], "python3 manage.py"),
        (["python", "-m", "shop", "--password", "hunter2"], "python -m shop"),
        (["python", "-c", "password = 'hunter2'"], "python -c"),
        (["/usr/bin/gunicorn", "postgres://me:hunter2@db"], "gunicorn"),
        ([], "a program without a name"),
    ],
)
def test_arguments_of_processes_are_not_kept(words: Sequence[str], told: str) -> None:
    """A process is known by its program and script: what follows may be a secret."""
    assert program_of(words) == told


def test_children_find_what_starts_the_recorder(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the environment that they inherit or are given, and not in `os.environ`; gone when the recording ends."""
    monkeypatch.setenv("PYTHONPATH", "service")
    seen = [sys.executable, "-S", "-c", "import os; print(os.environ.get('PYTHONPATH'), 'x' in os.environ.values())"]

    def ran(**options: Any) -> str:
        return str(subprocess.run(seen, capture_output=True, text=True, check=True, **options).stdout).strip()

    monkeypatch.delenv(ENVIRONMENT_KEY, raising=False)
    undos = Undos()
    undos.add(ChildEnvironment("x", "/start").watch(ImportHooks(undos, lambda fault: pytest.fail(str(fault)))))
    try:
        started = os.pathsep.join(["/start", "service"])
        assert "x" not in os.environ.values()
        assert os.environ["PYTHONPATH"] == "service"
        given: list[dict[str, Any]] = [{}, {"env": None}, {"env": dict(os.environ)}, {"env": os.environ}]
        assert {ran(**options) for options in given} == {f"{started} True"}
        assert ran(env={b"PATH": b"/bin"}) == "/start True"
        assert ran(env={b"PYTHONPATH": b"bytes"}) == f"{os.pathsep.join(['/start', 'bytes'])} True"
        assert ran(env={"PYTHONPATH": started}) == f"{started} True"
        os.environ["PYTHONPATH"] = "changed"
        assert ran() == f"{os.pathsep.join(['/start', 'changed'])} True"
    finally:
        undos.run()
    assert ran() == "changed False"
