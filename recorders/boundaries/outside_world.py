"""The session's world while recording: it notes the variables that included code reads, in sampled traces and outside.

Settings are often read once, when the service starts, or in the first call of all, which may not be kept. They are part
of the revision, so that the application can be built again where it is replayed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, TypeVar

from ..context import current
from .pass_through import PassThrough

if TYPE_CHECKING:
    from ..included import Included

T = TypeVar("T")


class SessionVariables(PassThrough):
    """Lets everything through; keeps environment variables read by included code."""

    def __init__(self, included: Included) -> None:
        self._included = included
        self._outside: dict[str, str | None] = {}
        self._inside: dict[str, str | None] = {}

    def read(self, *, everything: bool = False) -> dict[str, str | None]:
        """The variables that were read so far, outside every trace; `None` for those that were not set.

        With `everything`, those too that traces read. That is for the end, when it is known what of them is secret.
        """
        return {**self._inside, **self._outside} if everything else dict(self._outside)

    def environ(self, key: str, read: Callable[[], str]) -> str:
        try:
            value = read()
        except KeyError:
            self._keep(key, None)
            raise
        self._keep(key, value)
        return value

    def _keep(self, key: str, value: str | None) -> None:
        read = self._outside if current() is None else self._inside
        if key in read:
            return  # libraries read the same few in each request
        frame: FrameType | None = sys._getframe(1)
        steps = 0
        while frame is not None and steps < 12:  # through our own five, `os.environ.get` and a settings library or two
            if self._included(frame.f_code.co_filename):
                read[key] = value
                return
            frame = frame.f_back
            steps += 1
