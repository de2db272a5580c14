"""The code objects of the included modules, as they come to be: what runs in them is traced and watched."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from types import CodeType
from typing import TypeVar

from ...recorders.context import PathRecord
from ...recorders.included import Included
from ...recorders.model.branches import FunctionName
from ...recorders.session.assemble import Paths
from ...recorders.tracing.choose import choose_tracer
from ...recorders.tracing.function_names import function_name
from .reach import LineWatch

T = TypeVar("T")


class KnownCode:
    """Traces paths through the included code, and notes the lines that replays run."""

    def __init__(self, included: Included, on_fault: Callable[[BaseException], None]) -> None:
        self.included = included
        self.tracer = choose_tracer(on_fault, included)
        self.paths = Paths(included)
        self._codes: list[CodeType] = []
        self._reach: LineWatch | None = None

    def add(self, codes: list[CodeType]) -> None:
        """Code objects that were imported."""
        self._codes.extend(codes)
        self.tracer.register(codes)
        if self._reach is not None:
            self._reach.watch(codes)

    def watch(self, lines: Mapping[str, Sequence[int]] | None) -> str:
        """From here on note which of these lines (file → numbers; `None` for all) each replay runs; why that cannot
        be, or empty."""
        self._reach = LineWatch(
            {file: frozenset(numbers) for file, numbers in lines.items()} if lines is not None else None
        )
        self._reach.watch(self._codes)
        return self._reach.unavailable

    def lines_of(self, run: Callable[[], T], *, traced: bool) -> tuple[T, dict[str, list[int]]]:
        """The result of a replay, and the watched lines that it ran; before 3.12 none of one that is traced."""
        if self._reach is None or (traced and sys.version_info < (3, 12)):
            return run(), {}
        with self._reach.replaying() as reached:
            result = run()
        return result, {file: sorted(lines) for file, lines in reached.items()}

    def functions(self, path: PathRecord) -> list[FunctionName]:
        """Functions that ran on a path, each once."""
        self.tracer.rest()
        return list(dict.fromkeys(function_name(code, self.included.modules) for code in path.codes.values()))

    def stop(self) -> None:
        """Trace and watch no more."""
        self.tracer.stop()
        if self._reach is not None:
            self._reach.stop()
