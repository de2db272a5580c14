"""A project with a baseline in a repository, and an assistant at its server."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from mcp import Client

from pytest_runtime.mcp.fence import Fence
from pytest_runtime.mcp.server import make_server
from pytest_runtime.mcp.workspace import Workspace

from .assistant import MARK, Assistant, connected
from .repository import Repository, record_repository


@pytest.fixture(scope="session")
def _recorded_repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("served") / "project"
    record_repository(folder)
    return folder


@pytest.fixture
def repository(_recorded_repository: Path, tmp_path: Path) -> Repository:
    """A fresh copy of the recorded project."""
    folder = tmp_path / "project"
    shutil.copytree(_recorded_repository, folder)
    return Repository(folder)


@pytest.fixture
def workspace(repository: Repository) -> Iterator[Workspace]:
    """The workspace of a server of the project."""
    workspace = Workspace(repository.path, fence=Fence(MARK))
    yield workspace
    workspace.close()


@pytest.fixture
def assistant(workspace: Workspace) -> Iterator[Assistant]:
    """An assistant that is connected in this process."""
    with connected(Client(make_server(workspace))) as assistant:
        yield assistant
