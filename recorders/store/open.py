"""Opening of a baseline by its URL."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .protocol import BaselineReader, BaselineWriter
from .sqlite_reader import SqliteReader
from .sqlite_schema import path_of as path_of
from .sqlite_writer import SqliteWriter, leave_journal

if TYPE_CHECKING:
    from .sqlite_check import Damage
    from .sqlite_merge import Merge


def open_writer(url: str, *, patience: float = 30.0) -> BaselineWriter:
    """A baseline to add to, made where there is none; others are waited for at most `patience` seconds. Raises
    `StoreError`."""
    return SqliteWriter(url, patience)


def open_reader(url: str) -> BaselineReader:
    """A baseline to read; raises `UnknownBaseline`, `NotABaseline`, `NewerFormat` or `StoreError`."""
    return SqliteReader(url)


def damage_of(url: str) -> list[Damage]:
    """All that is wrong with a baseline; raises `UnknownBaseline`, and `NewerFormat` for what cannot be known."""
    from . import sqlite_check  # no recording checks

    return sqlite_check.damage_of(url)


def merge_baselines(target: str, sources: Sequence[str], exemplars: int) -> Merge:
    """Merge baselines into a target, made where there is none, replaced as a whole where there is one.

    At most `exemplars` traces of each path class stay. Raises `StoreError`, and then nothing has changed.
    """
    from . import sqlite_merge  # no recording merges

    return sqlite_merge.merge_baselines(target, sources, exemplars)


def includes(url: str, other: str) -> bool:
    """Whether a baseline counts everything that another one does; raises `StoreError`."""
    from . import sqlite_merge  # no recording asks

    return sqlite_merge.includes(url, other)


def complete_file(url: str, why: str) -> Path:
    """The one file that a baseline is, without a journal beside it; raises `UnknownBaseline`, and `StoreBusy` where
    somebody records into it: `why` says what the file is wanted for, and what to do instead."""
    open_reader(url).close()
    path = path_of(url)
    leave_journal(path, why)
    return path
