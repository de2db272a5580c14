"""What commands print with `--json`: one document each, with the fields that the reference describes."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.command_line_reference import DOCUMENTS, field_names
from tests.project import record_project

from .commands import PASSWORD, run, usual
from .commands import record as record_shop

PLACED = "probe log, and those of the other kinds,"


def printed(name: str, *argv: str, form: str = "", status: int = 0) -> Any:
    """The document of a command; its fields are those that are described."""
    ran = run(*name.split(), *argv, "--json")
    assert (ran.status, ran.err) == (status, "")
    document = ran.json
    struct = DOCUMENTS[name][form or next(iter(DOCUMENTS[name]))]
    assert set(document) == field_names(struct)
    return document


def test_every_document_is_as_described(project: Path) -> None:
    """Those that need no replay."""
    record_shop(project, "other", usual)
    assert printed("list")["format"] == "pytest-runtime list"
    entry = printed("show", "staging")["entries"][0]["name"]
    path = printed("show", "staging", entry, form="show entry")["paths"][0]
    printed("explain", path["traces"][0])
    printed("diff", "staging", "other", status=1)
    printed("check", "staging")
    printed("merge", "whole", "staging", "other")
    printed("push", "staging", f"file://{project}/store")
    printed("pull", "staging", f"file://{project}/store")
    printed("prune", "staging")
    printed("init", status=1)


def test_probes_as_documents(project: Path) -> None:
    """Where no process takes notice of what is placed."""
    status = printed("probe log", "shop/web.py:none", "{total}", "--baseline", "staging", form=PLACED)
    assert (status["life"], status["processes"]) == ("placed", [])
    assert [one["probe"] for one in printed("probe list")["probes"]] == [status["probe"]]
    assert printed("probe read", status["probe"]["id"])["hits"] == []
    assert [line["what"] for line in printed("probe audit", "--verify")["lines"]] == ["placed", "read"]


def test_status_as_a_document(project: Path) -> None:
    """With the numbers that its lines have."""
    status = printed("status", "staging")
    assert [session["number"] for session in status["sessions"]] == [1]
    assert sum(path["recorded"] for path in status["paths"]) == 7
    assert {part for shapes in status["shapes"].values() for part in shapes} == {"input", "outcome"}
    assert printed("status", form="status, without NAME")["baselines"] == ["staging"]


def test_scan_as_a_document(project: Path) -> None:
    """Status 1 and the places, where something is there; never the thing itself."""
    values = project / "values.txt"
    values.write_text(f"{PASSWORD}\nabc\ncoupon\n", encoding="utf-8")
    shutil.copy(project / ".runtime" / "staging.baseline", project / "copy.baseline")
    scanned, copy = printed("scan", "staging", "copy.baseline", "--values", str(values), status=1)["baselines"]
    assert copy == {**scanned, "baseline": "copy.baseline"}
    assert {found["what"] for found in scanned["found"]} == {"line 3 of values.txt, as it is"}
    assert scanned["too_short"] == ["line 2 of values.txt"]


def test_the_key_as_a_document(here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Made once, kept then, and one more after a rotation."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "configuration"))
    made = printed("key")
    assert (made["made"], made["older"]) == (True, 0)
    assert printed("key") == {**made, "made": False}
    rotated = printed("key rotate")
    assert (rotated["older"], rotated["recipient"] == made["recipient"]) == (1, False)


def test_a_reader_is_added_as_a_document(here: Path) -> None:
    """Sessions that can be read now, and those that cannot."""
    record_project(here)
    mine = run("key", "--json").json["recipient"]
    added = printed("key add", "staging", mine)
    assert (added["recipients"], added["sessions"], added["closed"]) == ([mine], 1, 0)


def test_sealing_as_a_document(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All causes and fields, where the lines name some; what is said meanwhile goes to standard error."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    record_project(here)
    stock = here / "runshop" / "stock.py"
    stock.write_text(stock.read_text().replace("return number", "return number + 1"))
    ran = run("seal", "staging", "--base", ".", "--json")
    assert ran.status == 0
    assert ran.err.startswith("sealing directory ")
    sealed = ran.json
    assert set(sealed) == field_names(DOCUMENTS["seal"]["seal"])
    faithful = {entry["entry"]: (entry["faithful"], entry["traces"]) for entry in sealed["entries"]}
    assert faithful["runshop.stock:left"] == (1, 2)
    (cause,) = sealed["unjudged"]
    assert (len(cause["traces"]), "changed since the recording" in cause["cause"]) == (1, True)


def test_every_document_of_the_reference_is_tried_here() -> None:
    """A new command has a test of its fields."""
    source = Path(__file__).read_text(encoding="utf-8")
    assert [name for name in DOCUMENTS if f'"{name}"' not in source] == []
