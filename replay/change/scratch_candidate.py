"""Scratch candidates: the project as it would be with a patch, or as it is at a revision, in a folder of its own.

The user's files and index stay as they are. Git takes the folder for a work tree of the same repository, so that base
is found in it as in the project itself; what git ignores is linked to, because code may need it to start.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...recorders.errors import BaseError, GitFailed
from .base import Base, find_base
from .checkout import checked_out, link_ignored
from .files import OWN_FOLDER, skipped
from .git import Git, open_git

_PATHS = re.compile(r"(?m)^(?:---|\+\+\+) [ab]/(.+)$")


class PatchRefused(BaseError):
    """A patch cannot be applied to the project."""


@contextmanager
def patched(root: Path, patch: str) -> Iterator[Path]:
    """The project's root in a copy of the working tree with a patch (a unified diff) applied, which goes at the end.

    Paths in the patch count from the top of the repository, or from the project's root. Git refuses those that lead out
    of the copy. Raises `PatchRefused`, `BaseError`.
    """
    git = open_git(root)
    if git is None:
        raise PatchRefused(
            f"{root} lies in no git repository: change the files themselves, and validate the working tree"
        )
    top = Path(git.text("rev-parse", "--show-toplevel")).resolve()
    inside = root.resolve().relative_to(top)
    with tempfile.TemporaryDirectory(prefix="pytest-runtime-patched-", ignore_cleanup_errors=True) as name:
        folder = Path(name).resolve()
        _copy(Git(top), top, folder)
        _adopt(git, folder)
        _apply(folder, inside, patch)
        _link(top, folder, inside)  # afterwards: no patch writes through a link into the user's folders
        yield folder / inside


@contextmanager
def at_revision(root: Path, revision: str) -> Iterator[tuple[Path, str]]:
    """The project's root in a checkout of a revision, which goes at the end, and the commit that it is to be compared
    with: where it left `HEAD`, or its parent, where `HEAD` holds it. Raises `BaseError`."""
    git = open_git(root)
    if git is None:
        raise PatchRefused(f"{root} lies in no git repository, so it has no revisions")
    wanted = find_base(root, revision, "")
    if wanted.kind != "revision":
        raise PatchRefused(f"{revision} is a folder: name a commit, a branch or a tag")
    top = Path(git.text("rev-parse", "--show-toplevel")).resolve()
    with checked_out(_whole(wanted, top)) as folder:
        _adopt(git, folder)
        _link(top, folder, Path(wanted.prefix))
        yield folder / wanted.prefix, _before(git, wanted.commit)


def _whole(base: Base, top: Path) -> Base:
    """The same revision of the whole repository: code may reach beyond the project's folder."""
    return base._replace(location=top, prefix="")


def _before(git: Git, commit: str) -> str:
    found = git.ask("merge-base", "HEAD", commit).partition("\n")[0]
    return (git.commit(f"{commit}^") if found == commit else found) or commit


def _copy(git: Git, top: Path, folder: Path) -> None:
    """The files that git knows, and new ones that it does not ignore, as they are now."""
    for path in git.fields("ls-files", "--cached", "--others", "--exclude-standard", "-z"):
        source, target = top / path, folder / path
        if skipped(path) or not os.path.lexists(source) or (source.is_dir() and not source.is_symlink()):
            continue  # deleted, or a repository of its own
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target, follow_symlinks=False)


def _adopt(git: Git, folder: Path) -> None:
    """Make a folder a work tree of the user's repository."""
    (folder / ".git").write_text(f"gitdir: {git.text('rev-parse', '--absolute-git-dir')}\n", encoding="utf-8")


def _link(top: Path, folder: Path, inside: Path) -> None:
    """Links to what git ignores, and to the project's own folder: what is sealed there holds for the copy too."""
    link_ignored(Git(top), top, folder)
    own = top / inside / OWN_FOLDER
    if own.is_dir() and not os.path.lexists(folder / inside / OWN_FOLDER):
        (folder / inside / OWN_FOLDER).symlink_to(own)


def _apply(folder: Path, inside: Path, patch: str) -> None:
    """Apply a patch as a whole; raises `PatchRefused` with what git says.

    Its paths count from the top where one of them leads into the project from there, else from the project, else, where
    that fails, from the top.
    """
    text = (patch if patch.endswith("\n") else f"{patch}\n").encode()
    below = f"{inside.as_posix()}/" if inside.parts else ""
    from_top = not below or any(path.startswith(below) for path in _PATHS.findall(patch))
    options = [[], *([[f"--directory={inside.as_posix()}"]] if not from_top else [])]
    said = ""
    for option in reversed(options):
        try:
            Git(folder).run("apply", "--whitespace=nowarn", "--recount", *option, "-", given=text)
            return
        except GitFailed as error:
            said = said or error.said
    raise PatchRefused(
        f"the patch does not apply to the working tree: {said}. Make it anew with git diff, or change the files and "
        "validate the working tree"
    )
