"""Printing what a hostile baseline says: no terminal, and no CI system, takes it for a command."""

from __future__ import annotations

import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_runtime.cli.main import main
from pytest_runtime.recorders.store.open import open_reader, open_writer
from pytest_runtime.recorders.store.protocol import Batch, KeptTrace
from pytest_runtime.reports.printing import in_line, printable

from ..project import RUN, Project, output, record_project, without_plugins

HOSTILE = "GET /x\x1b[2J\n::error file=a.py::y\n##[error]z\r##vso[task.complete]\u202e"
_COMMANDS = re.compile(r"^\s*::|##\[|##vso\[|##teamcity\[", re.M | re.I)


@given(st.text(st.sampled_from("a: #[vso]\n\x1b\r\u2028é"), max_size=30))
def test_what_is_printed_is_no_command(text: str) -> None:
    """Whatever the text, and once is enough."""
    for shown in (printable(text), in_line(text)):
        assert not _COMMANDS.search(shown)
        assert all(char == "\n" or char.isprintable() for char in shown)
        assert printable(shown) == shown
    assert "\n" not in in_line(text)


@given(st.text(st.characters(codec="utf-8", categories=["L", "N", "Zs"], exclude_characters="\xa0"), max_size=20))
def test_plain_text_is_printed_as_it_is(text: str) -> None:
    """Letters, digits and blanks."""
    plain = text.replace("\u3000", " ")
    assert printable("".join(c for c in plain if c.isprintable())) == "".join(c for c in plain if c.isprintable())


@pytest.mark.parametrize("text", ["a::b", "shop/x.py::test", "# [x]", "total > 1 # [", "C:\\x"])
def test_what_only_looks_like_a_command_stays(text: str) -> None:
    """A node id holds colons, a comment a bracket."""
    assert printable(text) == text


@pytest.fixture
def project(pytester: pytest.Pytester, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A recorded project."""
    monkeypatch.setenv("PYTEST_ADDOPTS", without_plugins())
    record_project(tmp_path)
    shutil.copytree(tmp_path, pytester.path, dirs_exist_ok=True)
    return Project(pytester)


def spoiled(store: Path) -> None:
    """A baseline whose entry is called as an attacker likes."""
    reader = open_reader(str(store))
    classes, revisions, traces = reader.classes(), reader.revisions(), list(reader.traces())
    entries = reader.entries()
    reader.close()
    store.unlink()
    writer = open_writer(str(store))
    writer.start(revisions[max(revisions)])
    named = [msgspec.structs.replace(one, name=one.name + HOSTILE) for one in entries.values()]
    described = {
        (one.entry + HOSTILE, one.path): msgspec.structs.replace(one.description, outcome=HOSTILE) for one in classes
    }
    kept = [KeptTrace(one.entry + HOSTILE, one.path, at, one.id, one.data) for at, one in enumerate(traces)]
    writer.write(Batch(named, described, dict.fromkeys(described, 1), kept, {}, {HOSTILE: 1}))
    writer.close()


def harmless(text: str) -> bool:
    """Whether neither a terminal nor a CI system finds a command."""
    return not _COMMANDS.search(text) and all(char == "\n" or char.isprintable() for char in text)


def test_status_items_and_reports_are_harmless(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """Names of entries, kinds of outcomes, counters: in `status`, in `.rt` files, in failures and in the summary."""
    spoiled(project.store)
    assert main(["status", "staging"]) == 0
    text = capsys.readouterr().out
    assert "GET /x" in text
    assert harmless(text)
    result = project.commit().moved_threshold().run(*RUN, "--runtime-all", "-rA")
    assert result.ret != 0
    said = output(result)
    assert "GET /x" in said
    assert harmless(said)
    files = list((project.path / ".runtime" / "staging").glob("*.rt"))
    assert files
    for file in files:
        assert harmless(file.read_text(encoding="utf-8"))
        assert len(file.read_text(encoding="utf-8").splitlines()) <= 1 + 6


def test_status_of_wrong_types_is_an_error_with_a_cure(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """No traceback, whatever a column holds."""
    with closing(sqlite3.connect(project.store)) as db:
        db.execute("UPDATE path_class SET count = NULL")
        db.commit()
    assert main(["status", "staging"]) == 2
    said = capsys.readouterr().err
    assert "a path class holds nothing where a whole number belongs" in said
    assert "record anew" in said
