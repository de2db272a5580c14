"""Constants of modules: text that stands under a name of a module is the very object when it is built again.

`argparse.SUPPRESS` is text, and code asks `help is SUPPRESS`. The interpreter keeps one object for text that reads like
a name; of other text there may be many, and a recorded value is none of those in the code under test.
"""

from __future__ import annotations

import sys
from typing import Any, Final

from ...recorders.capture.raw import namespace_of_module

LENGTH: Final = 200
"""Characters of a constant: what is longer is a text to be read, and no mark."""


class Constants:
    """Text that stands under a public or private name of a module that is loaded, special names aside."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._read: set[str] = set()

    def read(self) -> dict[str, str]:
        """Text → the object that a module holds, after a look at the modules that are new."""
        if len(self._read) != len(sys.modules):
            for name, module in list(sys.modules.items()):
                if name not in self._read:
                    self._read.add(name)
                    self._add(module)
        return self._known

    def _add(self, module: Any) -> None:
        for name, value in list(namespace_of_module(module).items()):
            if type(value) is str and len(value) <= LENGTH and not value.isidentifier() and name[:2] != "__":
                self._known.setdefault(value, value)
