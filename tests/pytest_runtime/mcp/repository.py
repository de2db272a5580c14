"""The project that tests of the server share: recorded once, in a repository."""

from __future__ import annotations

import subprocess
from pathlib import Path

from ...project import record_project


class Repository:
    """A copy of the project."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def change(self, old: str, new: str, file: str = "runshop/pricing.py") -> None:
        """Replace a text that stands in a file once."""
        path = self.path / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1
        path.write_text(text.replace(old, new), encoding="utf-8")

    def git(self, *arguments: str) -> str:
        """What git prints."""
        return _git(self.path, *arguments)


def record_repository(folder: Path) -> None:
    """Record the project, and commit it."""
    folder.mkdir()
    record_project(folder)
    _git(folder, "init", "--quiet", "--initial-branch=main")
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", "--message", "as it is")


def _git(folder: Path, *arguments: str) -> str:
    author = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *author, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout
