"""The world outside every trace while recording: it notes the variables that included code reads.

Settings are often read once, when the service starts. They are part of the revision, so that the application can be
built again where it is replayed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any, TypeVar

from ..included import Included
from ..model.value_tree import DictNode
from ..privacy.redact import Redactor
from .pass_through import PassThrough

T = TypeVar("T")


def redacted_variables(variables: Mapping[str, str | None], redactor: Redactor) -> dict[str, str | None]:
    """Environment variables, fit to be written."""
    trees, _replaced = redactor.redact([("", DictNode(list(variables), list(variables.values())))])
    values: Any = trees[0].values if isinstance(trees[0], DictNode) else []
    return dict(zip(variables, values, strict=True))


class SessionVariables(PassThrough):
    """Lets everything through; keeps environment variables read by included code."""

    def __init__(self, included: Included) -> None:
        self._included = included
        self._read: dict[str, str | None] = {}

    def read(self) -> dict[str, str | None]:
        """The variables that were read so far; `None` for those that were not set."""
        return dict(self._read)

    def environ(self, key: str, read: Callable[[], str]) -> str:
        try:
            value = read()
        except KeyError:
            self._keep(key, None)
            raise
        self._keep(key, value)
        return value

    def _keep(self, key: str, value: str | None) -> None:
        frame: FrameType | None = sys._getframe(1)
        steps = 0
        while frame is not None and steps < 8:  # through `os.environ.get` and a settings library or two
            if self._included(frame.f_code.co_filename):
                self._read.setdefault(key, value)
                return
            frame = frame.f_back
            steps += 1
