"""Room on the stack for the recorder, so that the service gets as deep as without it.

The callbacks of `sys.monitoring` are Python functions, and their frames count. The limit is raised by what they need;
whoever asks for it, or sets it, sees the limit without that.
"""

from __future__ import annotations

import sys
from typing import Any

from ..patching import Undo, wrap


def make_room(frames: int) -> Undo:
    """Raise the recursion limit by a number of frames, unseen."""
    get, put = sys.getrecursionlimit, sys.setrecursionlimit

    def getting(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        return wrapped(*args, **kwargs) - frames

    def setting(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        if kwargs or len(args) != 1 or type(args[0]) is not int or args[0] < 1:
            return wrapped(*args, **kwargs)
        try:
            return wrapped(args[0] + frames)
        except (RecursionError, OverflowError):
            return wrapped(args[0])  # refused in the words that belong to the number that was asked for

    put(get() + frames)
    undo_get, undo_set = wrap(sys, "getrecursionlimit", getting), wrap(sys, "setrecursionlimit", setting)

    def undo() -> None:
        undo_set()
        undo_get()
        put(max(get() - frames, 1))

    return undo
