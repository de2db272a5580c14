"""Checks of files: whether one is there, how large and how old it is.

Python raises no audit event for os.stat(), which `os.path.exists`, `os.path.isfile`, `os.path.getsize` and the like in
`pathlib` call by its name in `os`. The import system calls another one, and is not seen.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from typing import Any

from ...recorders.patching import Undo, replace

_CAPABILITIES = ("supports_dir_fd", "supports_fd", "supports_follow_symlinks")
"""Sets of functions in `os`, which `shutil` looks the function up in."""


class _WatchedStat:
    """`os.stat`, which says what was looked at. No function: a class that holds it does not bind it."""

    def __init__(self, look: Callable[[Any], None]) -> None:
        self._look = look
        self.__wrapped__ = os.stat
        self.__name__ = "stat"
        self.__doc__ = os.stat.__doc__

    def __call__(self, *args: Any, **options: Any) -> os.stat_result:
        try:
            found = self.__wrapped__(*args, **options)
        except (FileNotFoundError, NotADirectoryError):
            self._told(args, options)
            raise
        if not stat.S_ISDIR(found.st_mode):
            self._told(args, options)
        return found

    def _told(self, args: tuple[Any, ...], options: dict[str, Any]) -> None:
        path = args[0] if args else options.get("path")
        if options.get("dir_fd") is None and isinstance(path, (str, bytes, os.PathLike)):
            self._look(os.fspath(path))


def watch_checks(look: Callable[[Any], None]) -> Undo:
    """Call `look` with every path that `os.stat` is asked about, but for folders that are there; returns the undo."""
    original, watched = os.stat, _WatchedStat(look)
    held = [known for name in _CAPABILITIES if original in (known := getattr(os, name))]
    for known in held:
        known.add(watched)
    put_back = replace(os, "stat", watched)

    def undo() -> None:
        put_back()
        for known in held:
            known.discard(watched)

    return undo
