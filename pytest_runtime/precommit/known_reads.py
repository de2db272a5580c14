"""What recorded traffic was known to load and read at a commit, kept beside the seals.

It answers in a few milliseconds, without opening a baseline or a seal, that nothing which matters is staged.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import msgspec

from ..replay.change.git import Git

FORMAT = 1


class KnownReads(msgspec.Struct, frozen=True):
    """The files that traffic read at a commit."""

    format: int
    commit: str
    files: tuple[str, ...]
    """Relative to the project's root."""

    def may_matter(self, path: str) -> bool:
        """Whether a change of a file could be seen by the traffic.

        Python code and the project's own settings always may; any other file where it was read, or where one beside it
        or in a folder around it was: code may list a folder, and all below it.
        """
        name = PurePosixPath(path)
        if name.suffix in (".py", ".pyi", ".pth", ".toml", ".cfg", ".ini") or path in self.files:
            return True
        read_in = {str(PurePosixPath(file).parent) for file in self.files if not file.endswith(".py")}
        # The project's root is around everything: there, only what lies beside a file that was read.
        around = {str(folder) for folder in name.parents} - {"."}
        return not read_in.isdisjoint(around | {str(name.parent)})


def _place(root: Path, baseline: str) -> Path:
    return root / ".runtime" / "seals" / f"{baseline}.reads"


def keep_reads(root: Path, baseline: str, commit: str, files: Iterable[str]) -> None:
    """Keep what was read; raises `OSError`."""
    data = msgspec.json.encode(KnownReads(FORMAT, commit, tuple(sorted(files))))
    path = _place(root, baseline)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    beside.write_bytes(data)
    beside.replace(path)


def read_reads(root: Path, baseline: str) -> KnownReads | None:
    """What was kept; `None` where nothing usable is."""
    try:
        known = msgspec.json.decode(_place(root, baseline).read_bytes(), type=KnownReads)
    except (OSError, msgspec.MsgspecError):  # absent, or of another version: it is found out again
        return None
    return known if known.format == FORMAT else None


def nothing_matters(git: Git, known: KnownReads, index: dict[str, str]) -> bool:
    """Whether all that differs between the known commit and the index is nothing that traffic loads or reads.

    `git` stands in the project's root; `index` are the variables that name the index.
    """
    if not git.commit(known.commit):
        return False
    command = ("diff", "--cached", "--name-only", "--no-renames", "--relative", "-z", known.commit, "--", ".")
    changed = [path for path in os.fsdecode(git.run(*command, variables=index)).split("\0") if path]
    return not any(known.may_matter(path) for path in changed)
