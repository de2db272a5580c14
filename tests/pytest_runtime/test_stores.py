"""Runs of pytest on a baseline that is kept at a URL."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ..project import RUN, Project, output


def test_pytest_replays_a_baseline_of_a_store(project: Project, tmp_path: Path) -> None:
    """By its name, without pulling it."""
    shutil.move(project.store, project.path / "shelf.baseline")
    project.configure(f'store = "file://{tmp_path}/store"\n')
    refused = project.run(*RUN)
    assert refused.ret == pytest.ExitCode.USAGE_ERROR
    assert "no baseline 'staging': nothing at file://" in output(refused)
    (tmp_path / "store").mkdir()
    shutil.move(project.path / "shelf.baseline", tmp_path / "store" / "staging.baseline")
    project.commit().moved_threshold()
    result = project.run(*RUN, "--runtime-only")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(failed=1, passed=1)
    assert not project.store.exists()
