"""This file is about the options of a pytest run: one frozen value, resolved once."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pytest

from .config import Project, load_project
from .recorders.errors import RuntimeBaselineError, StoreError, UnknownBaseline
from .recorders.store.open import open_reader
from .recorders.store.protocol import BaselineReader


class Options(NamedTuple):
    """What a run was asked to do."""

    baseline: str
    project: Project
    only: bool
    trace: str
    json: Path | None

    @property
    def folder(self) -> Path:
        """Where the files lie that the items hang under."""
        return self.project.root / ".runtime" / self.baseline


def resolve(namespace: Any, config: pytest.Config) -> Options:
    """The options of a run; raises `pytest.UsageError`."""
    baseline = str(namespace.runtime_baseline)
    if not baseline or not all(char.isalnum() or char in "._-" for char in baseline):
        raise pytest.UsageError(f"--runtime-baseline: {baseline!r} is no name of a baseline (letters, digits, . _ -)")
    if namespace.runtime_base:
        raise pytest.UsageError(
            "--runtime-base is not available yet: in this version the recorded outcome is what the candidate is "
            "compared with. Leave the option out"
        )
    try:
        project = load_project(config.rootpath)
    except RuntimeBaselineError as error:
        raise pytest.UsageError(str(error)) from error
    if not project.configuration.include:
        raise pytest.UsageError(
            f'nothing is under validation: set include = ["PKG"] under [tool.pytest-runtime] in '
            f"{project.root / 'pyproject.toml'}"
        )
    report = namespace.runtime_json
    return Options(
        baseline=baseline,
        project=project,
        only=bool(namespace.runtime_only),
        trace=namespace.runtime_trace or "",
        json=Path(config.invocation_params.dir, report) if report else None,
    )


def open_baseline(options: Options) -> BaselineReader:
    """The baseline of a run; raises `pytest.UsageError` which lists those that there are."""
    url = options.project.store_url(options.baseline)
    try:
        return open_reader(url)
    except UnknownBaseline as error:
        known = options.project.known_baselines()
        raise pytest.UsageError(str(UnknownBaseline(options.baseline, location=url, known=known))) from error
    except StoreError as error:
        raise pytest.UsageError(str(error)) from error
