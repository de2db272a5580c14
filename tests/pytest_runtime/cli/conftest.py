"""A project with a baseline, as working directory."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from .commands import record, usual


@pytest.fixture(scope="session")
def _recorded_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("listed")
    record(folder, "staging", usual)
    return folder


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project."""
    (tmp_path / "pyproject.toml").write_text("[tool.pytest-runtime]\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def project(_recorded_once: Path, here: Path) -> Path:
    """A project with the baseline `staging` of `usual` traffic."""
    (here / ".runtime").mkdir()
    shutil.copy(_recorded_once / ".runtime" / "staging.baseline", here / ".runtime")
    return here
