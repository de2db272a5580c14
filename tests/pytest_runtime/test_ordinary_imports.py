"""Ordinary imports: pytest does not rewrite the modules of this package, which is not a helper of tests."""

from __future__ import annotations

import importlib
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path

import pytest

from pytest_runtime.ordinary_imports import import_ordinarily

from ..project import RUN, Project, record_project, without_plugins


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with a baseline."""
    monkeypatch.setenv("PYTEST_ADDOPTS", without_plugins())
    record_project(pytester.path)
    return Project(pytester)


def test_no_module_of_this_package_is_rewritten(project: Project) -> None:
    """Of two hundred that a run with a baseline imports, only what pytest loads before the plugin can say so."""
    project.write(
        "test_own.py",
        """
        import sys

        def test_loaders():
            ours = [module for name, module in sys.modules.items() if name.startswith("pytest_runtime.")]
            rewritten = [one.__name__ for one in ours if type(one.__loader__).__name__ == "AssertionRewritingHook"]
            assert len(ours) > 100
            assert {name.partition(".")[2] for name in rewritten} <= {"plugin", "hooks", "ordinary_imports"}
        """,
    )
    result = project.pytester.runpytest_subprocess(*RUN, "-p", "no:hypothesispytest", "test_own.py")
    assert result.ret == 0, result.stdout.str()


def test_the_finder_goes_with_the_run(project: Project) -> None:
    """A run leaves the finders of its process as they were."""
    before = list(sys.meta_path)
    assert project.run(*RUN).ret == 0
    assert [finder for finder in sys.meta_path if finder not in before] == []


def test_other_packages_are_found_as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one whose name begins with ours."""
    (tmp_path / "pytest_runtime_other.py").write_text("VALUE = 1\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    undo = import_ordinarily()
    try:
        finder = sys.meta_path[0]
        assert finder.find_spec("pytest_runtime_other", None) is None
        assert importlib.import_module("pytest_runtime_other").VALUE == 1
        spec = finder.find_spec("pytest_runtime.pytest_run", sys.modules["pytest_runtime"].__path__)
        assert spec is not None
        assert isinstance(spec.loader, SourceFileLoader)
    finally:
        undo()
        sys.modules.pop("pytest_runtime_other", None)
    assert finder not in sys.meta_path
    undo()
