"""`pytest-runtime prune`: acceptances that base does not need any more leave the file, and no other."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from pytest_runtime.accept.acceptance_file import FILE, read_acceptances, write_acceptances
from pytest_runtime.cli.prune import prune_command
from pytest_runtime.recorders.errors import UnknownBaseline
from pytest_runtime.recorders.store.open import open_reader
from pytest_runtime.replay.judge.acceptance import Acceptance

RECORD = """
    from pytest_runtime import record

    with record("staging", root="."):
        import prunedshop

        prunedshop.fee(1)
        prunedshop.label("x")
    """
PROJECT = """
    [tool.pytest-runtime]
    include = ["prunedshop"]
    sample = "all"
    """
CODE = """
    def fee(total):
        return False

    def label(name):
        return name
    """


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project as working directory; its recorded code returned False."""
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "prunedshop", raising=False)
    files = {"prunedshop/__init__.py": CODE, "pyproject.toml": PROJECT, "traffic.py": RECORD}
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
    return tmp_path


def record(project: Path) -> dict[str, str]:
    """Record a baseline; returns the path of each entry."""
    subprocess.run([sys.executable, "traffic.py"], cwd=project, check=True, capture_output=True)
    reader = open_reader(str(project / ".runtime" / "staging.baseline"))
    try:
        return {one.entry: one.path for one in reader.classes()}
    finally:
        reader.close()


def accept(entry: str, path: str) -> Acceptance:
    """An acceptance of a flag that turned."""
    return Acceptance(
        entry=entry,
        path=path,
        conditions="",
        field="return",
        kind="return",
        base="False",
        candidate="True",
        reason="TICKET-7",
    )


def pruned(*arguments: str) -> Result:
    """Run the command in a process of its own state as far as click goes; an error is raised."""
    return CliRunner().invoke(prune_command, ["staging", *arguments], catch_exceptions=False)


def test_what_base_needs_no_more_is_removed_and_named(project: Path) -> None:
    """What a divergence needs stays, and so does what this baseline knows nothing of."""
    paths = record(project)
    (project / "prunedshop" / "__init__.py").write_text(textwrap.dedent(CODE).replace("return False", "return True"))
    needed = accept("prunedshop:fee", paths["prunedshop:fee"])
    stale = accept("prunedshop:label", paths["prunedshop:label"])
    gone = accept("prunedshop:other", "77aa")
    write_acceptances(project / FILE, [needed, stale, gone])
    said = pruned().output
    assert read_acceptances(project / FILE) == (needed, gone)
    assert said.splitlines() == [
        f"removed: {stale.describe()}",
        f"kept, although it fits nothing: {gone.describe()}: no such class (see --gone)",
        "1 removed, 2 kept, of which 1 are needed",
    ]


def test_what_cannot_be_judged_stays(project: Path) -> None:
    """A baseline that cannot be replayed at all removes nothing."""
    paths = record(project)
    kept = accept("prunedshop:fee", paths["prunedshop:fee"])
    write_acceptances(project / FILE, [kept])
    (project / "prunedshop" / "__init__.py").write_text("import nowhere_at_all\n")
    found = pruned()
    assert found.exit_code == 1
    assert "the baseline 'staging' could not be replayed" in found.output
    assert "nowhere_at_all" in found.output
    assert read_acceptances(project / FILE) == (kept,)


def test_without_acceptances_nothing_runs(project: Path) -> None:
    """It says where they would be."""
    assert f"there are no acceptances in {project / FILE}" in pruned().output


def test_an_unknown_baseline_is_an_error(project: Path) -> None:
    """Before anything is replayed."""
    write_acceptances(project / FILE, [accept("a", "b")])
    with pytest.raises(UnknownBaseline):
        pruned()


def test_classes_that_are_gone_are_removed_on_request(project: Path) -> None:
    """They cannot be judged, so only a person can say so."""
    paths = record(project)
    stays = msgspec.structs.replace(accept("prunedshop:fee", paths["prunedshop:fee"]), base="True", candidate="False")
    (project / "prunedshop" / "__init__.py").write_text(textwrap.dedent(CODE).replace("return False", "return None"))
    write_acceptances(project / FILE, [accept("prunedshop:other", "77aa"), stays])
    assert "1 removed, 1 kept, of which 0 are needed" in pruned("--gone").output
    assert read_acceptances(project / FILE) == (stays,)


def test_hooks_of_the_project_are_asked(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever prunes compares as a run of pytest does: what a hook takes for equal needs no acceptance."""
    paths = record(project)
    (project / "prunedshop" / "__init__.py").write_text(textwrap.dedent(CODE).replace("return False", "return True"))
    (project / "conftest.py").write_text(
        "def pytest_runtime_compare(entry, field, base, candidate):\n    return True\n", encoding="utf-8"
    )
    monkeypatch.setenv("PYTEST_ADDOPTS", "--runtime-baseline=staging")
    accepted = accept("prunedshop:fee", paths["prunedshop:fee"])
    write_acceptances(project / FILE, [accepted])
    assert f"removed: {accepted.describe()}" in pruned().output


def test_a_project_that_pytest_cannot_read_is_an_error(project: Path) -> None:
    """Its hooks are not known, so nothing is judged and nothing removed."""
    paths = record(project)
    (project / "conftest.py").write_text("import nowhere_at_all\n", encoding="utf-8")
    kept = accept("prunedshop:label", paths["prunedshop:label"])
    write_acceptances(project / FILE, [kept])
    found = pruned()
    assert found.exit_code == 1
    assert "pytest cannot read the project in" in found.output
    assert read_acceptances(project / FILE) == (kept,)
