"""This file is about wiring: what a project and a baseline's name come to, for pytest runs and commands alike."""

from __future__ import annotations

import importlib.util
import sys
from contextlib import closing
from typing import Any

from .config import Project
from .recorders.errors import ConfigurationError, UnknownBaseline
from .recorders.privacy.encryption import SessionKey
from .recorders.privacy.keys import readable
from .recorders.store.open import open_reader
from .recorders.store.protocol import BaselineReader
from .replay.change.packages import homes_below, homes_of
from .replay.judge.oracle import Setup


def open_baseline(project: Project, name: str) -> BaselineReader:
    """The baseline of a name; raises `StoreError`, which lists those that there are."""
    url = project.store_url(name)
    try:
        return open_reader(url)
    except UnknownBaseline as error:
        raise UnknownBaseline(name, location=url, known=project.known_baselines()) from error


def keys_of(project: Project, baseline: str) -> tuple[SessionKey, ...]:
    """The session keys of a baseline that this user, or the environment, can read.

    Raises `KeyProblem`, `StoreError`.
    """
    with closing(open_baseline(project, baseline)) as reader:
        return readable(reader.keys())


def check_include(project: Project) -> None:
    """Raise `ConfigurationError` where nothing is under validation."""
    if not project.configuration.include:
        raise ConfigurationError(
            f'nothing is under validation: set include = ["PKG"] under [tool.pytest-runtime] in '
            f"{project.root / 'pyproject.toml'}"
        )


def setup_of(project: Project, baseline: str, base: str = "") -> Setup:
    """What the engine replays, and with what; `base` is the revision or folder that the user named, or empty.

    Raises `ConfigurationError` for an included package without a file below the project's root.
    """
    configured = project.configuration
    return Setup(
        root=str(project.root),
        baseline=baseline,
        store=project.store_url(baseline),
        include=configured.include,
        app=configured.app,
        boundaries=configured.boundaries,
        base=base,
        limit=configured.time_limit,
        homes=homes_of(project.root, configured.include),
        redact=configured.redact,
        keys=keys_of(project, baseline),
    )


def make_importable(project: Project) -> None:
    """Put the folders of included packages on the path, where they are not found otherwise.

    Raises `ConfigurationError` for an included package without a file below the project's root.
    """
    include = project.configuration.include
    for folder in homes_below(str(project.root), include, homes_of(project.root, include)):
        if any(_spec(package) is None for package in include):
            sys.path.insert(0, folder)


def _spec(package: str) -> Any:
    try:
        return importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return None
