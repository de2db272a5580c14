"""The hooks of comparison that a project implements, for commands that judge without a session of pytest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from _pytest.config import ConftestImportFailure, _prepareconfig

from ..recorders.errors import ConfigurationError
from .project_rules import CompareHooks, hooks_of

_WITHOUT_A_RUN = ("--runtime-baseline=", "-o", "runtime_baseline=")
"""Whatever the project's own options say, no run with a baseline begins."""


@contextmanager
def project_hooks(root: Path) -> Iterator[CompareHooks]:
    """The hooks of the conftest files and plugins that pytest finds in a project; nothing is collected.

    Raises `ConfigurationError` where pytest cannot read the project.
    """
    try:
        config = _prepareconfig([f"--rootdir={root}", *_WITHOUT_A_RUN])
    except (pytest.UsageError, ConftestImportFailure) as error:
        raise ConfigurationError(f"pytest cannot read the project in {root}: {error}") from error
    try:
        yield hooks_of(config)
    finally:
        config._ensure_unconfigure()
