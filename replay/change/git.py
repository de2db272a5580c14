"""Git: running the program so that nothing of the user's changes, and why it refused.

Every command runs with fixed settings, whatever the user configured: no hooks, no pager, no optional writes to the
index, no file system monitor, paths as they are, English messages. A git hook that runs us (pre-commit) sets variables
that point at its own index; they are taken away.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from ...recorders.errors import GitFailed, GitMissing, NoWorkTree

_SETTINGS = ("core.quotePath=false", "core.hooksPath=/dev/null", "core.fsmonitor=false", "core.splitIndex=false")
_FIXED = ("git", "--no-pager", *(word for setting in _SETTINGS for word in ("-c", setting)))
_OF_A_HOOK = frozenset(
    {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY"}
    | {"GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE", "GIT_QUARANTINE_PATH"}
)
_OURS = {"GIT_OPTIONAL_LOCKS": "0", "GIT_LITERAL_PATHSPECS": "1", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
_USAGE_ERROR = 129


class Git(NamedTuple):
    """The git repository around a folder."""

    folder: Path

    def run(self, *arguments: str, given: bytes = b"", variables: Mapping[str, str] | None = None) -> bytes:
        """What a command prints; raises `GitFailed`, `GitMissing`."""
        done = self._done(arguments, given, variables)
        if done.returncode == 0:
            return done.stdout
        raise self._failure(arguments, done)

    def text(self, *arguments: str) -> str:
        """What a command prints, as text; raises `GitFailed`, `GitMissing`."""
        return os.fsdecode(self.run(*arguments)).strip("\n")

    def ask(self, *arguments: str) -> str:
        """What a command prints, or empty where the answer is no; raises `GitMissing`."""
        done = self._done(arguments)
        return os.fsdecode(done.stdout).strip("\n") if done.returncode == 0 else ""

    def commit(self, revision: str) -> str:
        """The full id of the commit that a revision names, or empty."""
        if revision.startswith("-"):
            return ""  # git would take it for an option
        return self.ask("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")

    def fields(self, *arguments: str) -> list[str]:
        """What a command prints with `-z`: its fields; raises `GitFailed`, `GitMissing`."""
        return [field for field in os.fsdecode(self.run(*arguments)).split("\0") if field]

    def _done(
        self, arguments: tuple[str, ...], given: bytes = b"", variables: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        kept = {name: value for name, value in os.environ.items() if name not in _OF_A_HOOK}
        try:
            return subprocess.run(
                [*_FIXED, *arguments],
                cwd=self.folder,
                env={**kept, **_OURS, **(variables or {})},
                input=given,
                capture_output=True,
                check=False,
            )
        except OSError as error:
            raise GitMissing(f"it cannot be run: {error.strerror}") from error

    def _failure(self, arguments: tuple[str, ...], done: subprocess.CompletedProcess[bytes]) -> GitFailed | GitMissing:
        said = os.fsdecode(done.stderr).strip()
        if done.returncode == _USAGE_ERROR:
            version = os.fsdecode(self._done(("--version",)).stdout).strip()
            return GitMissing(f"this one is too old: {version} does not know {said.splitlines()[0]!r}")
        return GitFailed(" ".join(arguments), self.folder, said or f"exit status {done.returncode}")


def open_git(folder: Path) -> Git | None:
    """The repository that a folder lies in, `None` where there is none; raises `BaseError` when it cannot be used."""
    git = Git(folder)
    try:
        inside = git.text("rev-parse", "--is-inside-work-tree")
    except GitFailed as error:
        if "not a git repository" in error.said and _repository_file(folder) is None:
            return None
        raise
    if inside != "true":
        raise NoWorkTree(folder)
    return git


def _repository_file(folder: Path) -> Path | None:
    """The `.git` of a folder or one above it: where it is there, git found it and could not read it."""
    places = (one / ".git" for one in (folder, *folder.parents))
    return next((place for place in places if place.exists()), None)
