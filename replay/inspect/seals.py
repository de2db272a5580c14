"""What the newest seal of a baseline says of it, without finding base."""

from __future__ import annotations

import glob
from collections.abc import Collection
from pathlib import Path

from ...recorders.model.trace import TraceId
from ..judge.seal import SEAL_KEY_LENGTH, OtherFormat, Seal, read_seal

SEALS = Path(".runtime", "seals")
"""Folder of the seals below a project's root."""


def newest_seal(root: Path, baseline: str, traces: Collection[TraceId]) -> Seal | None:
    """The last seal that was made of a baseline as it is; `None` where there is none of exactly these traces.

    Seals are a cache: one that cannot be read is made again by the next run, and counts as none here.
    """
    pattern = f"{glob.escape(baseline)}-{'?' * SEAL_KEY_LENGTH}.seal"
    files = sorted((root / SEALS).glob(pattern), key=_age)
    wanted = set(traces)
    for file in files:
        try:
            seal = read_seal(file)
        except (OSError, OtherFormat):
            continue
        if wanted and set(seal.traces) == wanted:
            return seal
    return None


def _age(file: Path) -> float:
    """Seconds before now, up to a constant; a file that is gone by now comes last."""
    try:
        return -file.stat().st_mtime
    except OSError:
        return 0.0
