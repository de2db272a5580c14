"""What all tests share: pytest's own harness for plugins, and no compiled files."""

from __future__ import annotations

import gc
import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from pytest_runtime.ordinary_imports import import_ordinarily

from .project import Project, record_project, without_plugins

pytest_plugins = ["pytester"]

# Recordings make a key pair in the user's configuration folder: tests have one of their own, which subprocesses share.
_FOLDER = tempfile.TemporaryDirectory(prefix="pytest-runtime-tests-")
os.environ["XDG_CONFIG_HOME"] = _FOLDER.name

# For the runs of pytest that tests start.
os.environ["PYTEST_ADDOPTS"] = without_plugins()

# Many versions of one file come and go within a second: Python must not take one for another.
sys.dont_write_bytecode = True

# No test depends on how quick this machine is.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

import_ordinarily()


def pytest_collection_finish() -> None:
    """Let no later collection look at what stays until the end: three thousand tests, and all that they import."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a baseline of six path classes."""
    folder = tmp_path_factory.mktemp("project")
    record_project(folder)
    return folder


@pytest.fixture
def project(recorded: Path, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A fresh copy."""
    monkeypatch.setenv("PYTEST_ADDOPTS", without_plugins())
    shutil.copytree(recorded, pytester.path, dirs_exist_ok=True)
    return Project(pytester)
