"""What a command does before it starts what is recorded."""

from __future__ import annotations

import subprocess
from contextlib import closing
from typing import TYPE_CHECKING

from .store.open import open_writer
from .store.protocol import Batch

if TYPE_CHECKING:
    from .model.absences import AbsenceKind


def current_commit(root: str) -> str:
    """The commit checked out at `root`, or empty where there is none."""
    try:
        found = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return found.stdout.strip() if found.returncode == 0 else ""


def note_absence(store: str, kind: AbsenceKind, subject: str) -> None:
    """Store why nothing is recorded, where no recorder is at work; raises `StoreError`."""
    with closing(open_writer(store)) as writer:
        writer.write(Batch([], {}, {}, [], {}, {}, {(kind, subject): 1}))


def check_store(store: str) -> None:
    """Make the baseline where there is none; raises `StoreError` where nothing could be recorded into it."""
    open_writer(store).close()
