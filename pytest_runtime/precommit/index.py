"""The index as a folder: what a commit would hold, apart from what is not staged."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ..replay.change.git import Git


def index_variables(git: Git, environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that name the index of this commit: git makes another one where only some files are committed."""
    named = environ.get("GIT_INDEX_FILE", "")
    if not named:
        return {}
    # Git names it relative to the top of the work tree, where it runs hooks.
    return {"GIT_INDEX_FILE": str(Path(git.text("rev-parse", "--show-toplevel"), named))}


def has_unstaged(git: Git, index: Mapping[str, str]) -> bool:
    """Whether the work tree holds anything that is not in the index, ignored files apart."""
    listed = git.run("ls-files", "--modified", "--deleted", "--others", "--exclude-standard", "-z", variables=index)
    return bool(listed)


@contextmanager
def exported(root: Path, index: Mapping[str, str]) -> Iterator[Path]:
    """The project as it is staged, in a folder of its own; what git ignores is linked to, as code may need it.

    Git takes the folder for a work tree of the same repository.
    """
    git = Git(root)
    top = Path(git.text("rev-parse", "--show-toplevel"))
    inside = root.resolve().relative_to(top.resolve())
    with tempfile.TemporaryDirectory(prefix="pytest-runtime-staged-") as name:
        folder = Path(name)
        Git(top).run("checkout-index", "--all", "--force", f"--prefix={folder}{os.sep}", variables=index)
        (folder / ".git").write_text(f"gitdir: {git.text('rev-parse', '--absolute-git-dir')}\n")
        ignored = ("ls-files", "--others", "--ignored", "--exclude-standard", "--directory", "-z")
        for path in Git(top).fields(*ignored):
            link = folder / path.rstrip("/")
            if not link.exists() and not link.is_symlink():
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(top / path.rstrip("/"))
        yield folder / inside
