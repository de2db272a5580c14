"""Owners of files, as `CODEOWNERS` says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codeowners import CodeOwners

PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
"""Where GitHub looks, in this order
(https://docs.github.com/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners)."""


class Owners:
    """Who owns the files of a project. The file may stand in a folder above it, the repository's."""

    def __init__(self, root: Path) -> None:
        """Without a file, or with one that cannot be read, nobody is known to own anything."""
        self._rules: CodeOwners | None = None
        self._prefix = ""
        for folder in (root, *root.parents):
            for place in PLACES:
                text = _text(folder / place)
                if text is not None:
                    from codeowners import CodeOwners  # 20 ms, which only a project with such a file pays

                    self._rules = CodeOwners(text)
                    self._prefix = "" if folder == root else f"{root.relative_to(folder).as_posix()}/"
                    return
            if (folder / ".git").exists():
                return

    def of(self, file: str) -> tuple[str, ...]:
        """The owners of a file, named relative to the project's root."""
        if self._rules is None or file.startswith("/"):
            return ()
        return tuple(name for _kind, name in self._rules.of(f"{self._prefix}{file}"))


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):  # absent, or not ours to read: GitHub would take none from it either
        return None
