"""Checkouts: the files of a base in a scratch folder, for as long as they are needed.

The checkout has a working tree and an index of its own, and git only reads the user's repository: unlike `git worktree
add`, nothing is registered in it, so there is nothing to prune after a crash, and several runs do not meet. Filters of
the repository (LFS, line ends) apply as in any checkout.

What git ignores is in no commit, and the service may need it to start: a generated `_version.py`, `.env`, a local data
file. Links lead to those of the working tree. They are there to be read: a replay may write nothing outside its scratch
folder, wherever a link leads.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...recorders.errors import MissingAtBase
from .base import Base, short
from .files import SUBMODULE, is_environment, is_source, skipped
from .git import Git, open_git


@contextmanager
def checked_out(base: Base) -> Iterator[Path]:
    """The project's root in a checkout of the base, which goes at the end; a directory as it is. Raises `BaseError`."""
    if base.kind == "directory":
        yield base.location
        return
    with tempfile.TemporaryDirectory(prefix="pytest-runtime-base-", ignore_cleanup_errors=True) as name:
        scratch = Path(name).resolve()
        files = scratch / "files"
        _fill(Git(base.location), base.commit, files, scratch / "index")
        root = files / base.prefix
        if not root.is_dir():
            advice = "It was added or moved since; choose a later base"
            raise MissingAtBase(f"the project's folder {base.prefix.rstrip('/')}", base.label, advice)
        _fill_submodules(base, files, scratch)
        link_ignored(Git(base.location), base.location, root)
        yield root


def _fill(git: Git, commit: str, files: Path, index: Path) -> None:
    """Put the files of a commit into a folder, by an index made for it."""
    files.mkdir(parents=True, exist_ok=True)
    variables = {
        "GIT_DIR": git.text("rev-parse", "--absolute-git-dir"),
        "GIT_WORK_TREE": str(files),
        "GIT_INDEX_FILE": str(index),
    }
    # Whole, however little of it the user has checked out; submodules would be written into the user's repository.
    whole = ("--no-sparse-checkout", "--no-recurse-submodules")
    git.run("read-tree", "-m", "-u", *whole, commit, variables=variables)


def _fill_submodules(base: Base, files: Path, scratch: Path) -> None:
    """Fill the submodules that the user has; what the candidate has not, the base need not have either."""
    top = Path(Git(base.location).text("rev-parse", "--show-toplevel"))
    waiting = [(top, base.commit, files)]
    number = 0
    while waiting:
        users, commit, target = waiting.pop()
        for path, wanted in _submodules(Git(users), commit):
            git = _own_git(users / path)
            if git is None:
                continue
            if git.commit(wanted) != wanted:
                advice = f"Fetch it: git -C {users / path} fetch origin {wanted}"
                raise MissingAtBase(f"commit {short(wanted)} of the submodule {path}", base.label, advice)
            number += 1
            _fill(git, wanted, target / path, scratch / f"index-{number}")
            waiting.append((users / path, wanted, target / path))


def _submodules(git: Git, commit: str) -> list[tuple[str, str]]:
    """(path, commit) of the submodules at a commit."""
    rows = (row.split("\t", 1) for row in git.fields("ls-tree", "-r", "-z", "--full-tree", commit))
    return [(path, about.split(" ")[2]) for about, path in rows if about.startswith(SUBMODULE)]


def _own_git(folder: Path) -> Git | None:
    """The repository of a submodule, `None` where the user did not initialise it."""
    return open_git(folder) if (folder / ".git").exists() else None


# --- what git ignores ------------------------------------------------------------------------------------------------


def link_ignored(git: Git, users: Path, root: Path) -> None:
    """Links to the ignored files and folders of the user's project that a checkout of it lacks, one for each that is
    ignored as a whole."""
    ignored = ("ls-files", "--others", "--ignored", "--exclude-standard", "--directory", "-z")
    pending = [path.rstrip("/") for path in git.fields(*ignored)]
    while pending:
        path = pending.pop()
        there, here = users / path, root / path
        if not is_source(path) or skipped(f"{path}/") or path.endswith(".pyc") or is_environment(there):
            continue
        if here.is_dir() and not here.is_symlink() and there.is_dir():
            pending += [f"{path}/{name}" for name in os.listdir(there)]  # the base has some of it
        elif here.parent.is_dir() and not os.path.lexists(here):
            here.symlink_to(there)
