"""What processes that were killed had accepted and not written: counted by the next process that looks."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..store.processes import Process, is_running
from .pending import LOST, NUMBER, SUFFIX, machine

if TYPE_CHECKING:
    from ..store.protocol import BaselineWriter
    from .counters import Counters

_unlink = os.unlink


class Left(NamedTuple):
    """A file whose process is gone."""

    path: Path
    run: str
    pid: int
    accepted: int


def left_behind(location: str) -> Iterator[Left]:
    """The files of processes of this machine that are gone."""
    path = Path(location)
    for found in sorted(path.parent.glob(f"{path.name}.*{SUFFIX}")):
        run, *place = found.name.removeprefix(f"{path.name}.").removesuffix(SUFFIX).split(".")
        if len(place) != 2 or place[0] != machine() or not place[1].isdecimal() or is_running(int(place[1])):
            continue
        try:
            data = found.read_bytes()
        except OSError:
            continue  # another one was quicker
        if len(data) == NUMBER.size:
            yield Left(found, run, int(place[1]), NUMBER.unpack(data)[0])


def count_lost(location: str, processes: Iterable[Process]) -> int:
    """How many traces were accepted by processes that are gone, and are not in the baseline; each is counted once."""
    known = {(process.run, process.pid): process for process in processes if not process.ended}
    lost = 0
    for left in left_behind(location):
        try:
            _unlink(left.path)  # whoever does this counts
        except OSError:
            continue
        process = known.get((left.run, left.pid))
        lost += max(left.accepted - (process.accounted if process is not None else 0), 0)
    return lost


def note_lost(writer: BaselineWriter, counters: Counters) -> None:
    """Count what processes that were killed had not written; raises `StoreError`."""
    lost = count_lost(writer.location, writer.processes().values())
    if lost:
        counters.add(LOST, lost)
