"""Surroundings: what of its process a replay may leave changed, put back for the next one."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any

# The dictionary behind `os.environ`: the mapping itself is a boundary, and answers from the recording.
_environ: Any = os.environ
_putenv = os.putenv
_unsetenv = os.unsetenv


@contextmanager
def kept() -> Iterator[None]:
    """Afterwards the working directory, the environment, `sys.path` and `sys.argv` are as they were before."""
    folder = _working_directory()
    variables = dict(_environ._data)
    path, argv = sys.path[:], sys.argv[:]
    try:
        yield
    finally:
        sys.path[:] = path
        sys.argv[:] = argv
        if _environ._data != variables:
            _put_back(variables)
        if folder and _working_directory() != folder:
            with suppress(OSError):
                os.chdir(folder)


@contextmanager
def emptied(folder: str, ours: Callable[[], AbstractContextManager[None]]) -> Iterator[None]:
    """Afterwards a folder for temporary files is empty again; nothing is done where there is none."""
    try:
        yield
    finally:
        if folder and os.path.isdir(folder) and os.listdir(folder):
            with ours():
                shutil.rmtree(folder, ignore_errors=True)  # what stays is in nobody's way: names are drawn anew
                os.makedirs(folder, exist_ok=True)


def use_temporary(folder: str) -> None:
    """Let this process keep its temporary files in a folder."""
    tempfile.tempdir = folder
    for name in ("TMPDIR", "TEMP", "TMP"):
        _putenv(name, folder)
        _environ._data[_environ.encodekey(name)] = _environ.encodevalue(folder)


def _working_directory() -> str:
    """Empty where it was deleted."""
    try:
        return os.getcwd()
    except OSError:
        return ""


def _put_back(variables: dict[Any, Any]) -> None:
    for name in _environ._data.keys() - variables.keys():
        _unsetenv(name)
    for name, value in variables.items():
        if _environ._data.get(name) != value:
            _putenv(name, value)
    _environ._data.clear()
    _environ._data.update(variables)
