"""Places in the user's code: the innermost line of it, of a running stack or of an exception."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from types import FrameType, TracebackType
from typing import TypeAlias

from .files import SKIPPED_FOLDERS

IsUsers: TypeAlias = Callable[[str], bool]
"""Whether a file holds the user's code."""

_OURS = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__)))) + os.sep
_FOREIGN = frozenset({"site-packages", "dist-packages"}) | SKIPPED_FOLDERS


class UserFiles:
    """Knows the user's code: included modules, and what else lies below the project's root and is not installed."""

    def __init__(self, root: str, included: IsUsers) -> None:
        self._roots = {os.path.realpath(root) + os.sep, os.path.abspath(root) + os.sep} if root else set()
        self._included = included

    def __call__(self, file: str) -> bool:
        """Whether a file holds the user's code."""
        return self._included(file) or (self._below(file) is not None and not _FOREIGN & {*file.split(os.sep)})

    def shown(self, file: str) -> str:
        """The file relative to the root where it lies below it."""
        below = self._below(file)
        return file if below is None else below

    def _below(self, file: str) -> str | None:
        return next((file.removeprefix(root) for root in self._roots if file.startswith(root)), None)


def place_of_frame(frame: FrameType | None, users: UserFiles) -> str:
    """`shop/web.py:30`, the innermost line of the user's code that led to a frame; empty where there is none."""
    while frame is not None:
        if users(frame.f_code.co_filename):
            return f"{users.shown(frame.f_code.co_filename)}:{frame.f_lineno}"
        frame = frame.f_back
    return ""


def place_of_error(error: BaseException, users: UserFiles) -> str:
    """The same of an exception; of one that never came by the user's code, the innermost line that is not ours."""
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        return f"{users.shown(error.filename)}:{error.lineno}"
    lines = list(_lines(error.__traceback__))
    users_own = _last(lines, users)
    found = users_own or _last(lines, lambda file: not (_is_ours(file) or file.startswith("<frozen ")))
    return f"{users.shown(found[0])}:{found[1]}" if found else ""


def _last(lines: Iterable[tuple[str, int]], wanted: IsUsers) -> tuple[str, int] | None:
    return next((line for line in reversed(list(lines)) if wanted(line[0])), None)


def _lines(trail: TracebackType | None) -> Iterator[tuple[str, int]]:
    while trail is not None:
        yield trail.tb_frame.f_code.co_filename, trail.tb_lineno
        trail = trail.tb_next


def _is_ours(file: str) -> bool:
    return os.path.realpath(file).startswith(_OURS)
