"""Opening of a baseline by its URL."""

from __future__ import annotations

from .protocol import BaselineReader, BaselineWriter
from .sqlite_reader import SqliteReader
from .sqlite_writer import SqliteWriter


def open_writer(url: str) -> BaselineWriter:
    """A baseline to add to, made where there is none; raises `StoreError`."""
    return SqliteWriter(url)


def open_reader(url: str) -> BaselineReader:
    """A baseline to read; raises `UnknownBaseline`, `NotABaseline`, `NewerFormat` or `StoreError`."""
    return SqliteReader(url)
