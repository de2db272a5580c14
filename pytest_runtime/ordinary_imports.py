"""Ordinary imports of this package: no module of it is rewritten by pytest.

pytest rewrites the assertions of every distribution that has a plugin, for helpers of tests whose `assert` is to
explain itself. This package has none, and two hundred modules: where no bytecode is kept (a fresh container,
PYTHONDONTWRITEBYTECODE) parsing and rewriting them takes over a second of CPU in each run.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType


class _OrdinaryFinder(MetaPathFinder):
    """Finds modules of this package as Python does, before pytest is asked."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The specification of a module below this package, `None` for every other."""
        return PathFinder.find_spec(fullname, path, target) if fullname.startswith(f"{__package__}.") else None


def import_ordinarily() -> Callable[[], None]:
    """From here on modules of this package are imported as they are; gives what ends that."""
    finder = _OrdinaryFinder()
    sys.meta_path.insert(0, finder)

    def undo() -> None:
        if finder in sys.meta_path:  # somebody may have put back a list from before
            sys.meta_path.remove(finder)

    return undo
