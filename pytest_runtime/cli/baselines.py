"""Baselines by name, for commands: opened, closed, and completed in a shell."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from ..config import Project, load_project
from ..recorders.errors import RuntimeBaselineError
from ..recorders.store.protocol import BaselineReader
from ..wiring import open_baseline


def complete_baselines(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """The baselines of the project around the working directory, for a shell."""
    return [name for name in _known() if name.startswith(incomplete)]


def complete_entries(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """The entries of the baseline that is named before, for a shell."""
    return [name for name in _entries(context.params.get("name")) if name.startswith(incomplete)]


def _known() -> list[str]:
    """Completing must not fail: a shell would print the error into the line that is written."""
    try:
        return load_project(Path.cwd()).known_baselines()
    except RuntimeBaselineError:
        return []


def _entries(name: Any) -> list[str]:
    try:
        with opened(load_project(Path.cwd()), str(name)) as reader:
            return sorted(reader.entries())
    except RuntimeBaselineError:
        return []


@contextmanager
def opened(project: Project, name: str) -> Iterator[BaselineReader]:
    """An open baseline, closed at the end; raises `StoreError`."""
    reader = open_baseline(project, name)
    try:
        yield reader
    finally:
        reader.close()
