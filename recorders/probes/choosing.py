"""How executions of a place are seen: by interpreter events, or, before Python 3.12, in a function's code."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Protocol

from ..included import Included
from ..tracing.prologue import GiveHead
from .armed import Armed
from .places import Target


class Events(Protocol):
    """Puts probes at their places, and takes them away without a trace."""

    def arm(self, armed: Armed, targets: Sequence[Target]) -> str:
        """Have executions of the targets seen; why that cannot be, or nothing."""

    def disarm(self, armed: Armed) -> None:
        """Leave nothing of a probe."""

    def resume(self, armed: Armed) -> None:
        """See the places of a probe again that was off."""

    def note(self, armed: Armed) -> str:
        """What is to be said of how it is seen, or nothing."""

    def forked(self) -> None:
        """This process was forked."""

    def stop(self) -> None:
        """Leave nothing at all."""


def choose_events(on_fault: Callable[[BaseException], None], included: Included, head: GiveHead) -> Events:
    """What this interpreter has. `head` is what functions of included modules read first, if anything."""
    if sys.version_info >= (3, 12):
        from .probe_events import ProbeEvents

        return ProbeEvents(on_fault)
    from .function_code import FunctionCode  # type: ignore[unreachable]  # reached on 3.11

    return FunctionCode(on_fault, included, head)
