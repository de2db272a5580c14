"""What a coroutine or an asynchronous generator hands over when it rests, and how one was ended.

An asynchronous generator hands its items over in a wrapper of the interpreter (`Objects/genobject.c`), and, as a
coroutine does, passes on what it awaits to the event loop: `None` or a future, where the loop is one of asyncio. All of
it is looked at raw, so that nothing of the service runs.
"""

from __future__ import annotations

import gc
import sys
from types import AsyncGeneratorType, CodeType, CoroutineType, FrameType
from typing import Any, Final

from .raw import class_name, is_instance, namespace_of_module, type_dict, type_mro

_WRAPPER: Final = "builtins:async_generator_wrapped_value"
_MARK: Final = "_asyncio_future_blocking"
"""What every future of asyncio has (`asyncio.isfuture`)."""


async def _none() -> None:
    """Never runs."""


_coroutine = _none()
WRAPPER_TYPE: Final = type(_coroutine.__await__())
"""Of what `__await__` of a coroutine gives."""
_coroutine.close()


def coroutine_in(value: Any) -> Any:
    """The coroutine that its `__await__` gave a wrapper of."""
    held = gc.get_referents(value)
    return held[0] if held else None


def unbegun(value: Any) -> tuple[CodeType, FrameType] | None:
    """Code and frame of a coroutine or an asynchronous generator that did not begin yet; `None` for anything else."""
    cls = type(value)
    if cls is CoroutineType and not (value.cr_running or value.cr_suspended) and value.cr_frame is not None:
        return value.cr_code, value.cr_frame
    # Before 3.12 nothing says whether an asynchronous generator has begun.
    if cls is AsyncGeneratorType and not (value.ag_running or getattr(value, "ag_suspended", True)):
        return (value.ag_code, value.ag_frame) if value.ag_frame is not None else None
    return None


def is_item(value: Any) -> bool:
    """Whether what an asynchronous generator hands over is an item of it."""
    return class_name(type(value)) == _WRAPPER


def item_of(value: Any) -> Any:
    """The item in its wrapper."""
    held = gc.get_referents(value)
    return held[0] if held else None


def foreign_trap(value: Any) -> str:
    """The class of what an event loop of asyncio would not take; empty for what it takes."""
    if value is None or any(_MARK in type_dict(base) for base in type_mro(type(value))):
        return ""
    return f"a {class_name(type(value)).rpartition(':')[2]}"


def was_cancelled(error: BaseException) -> bool:
    """Whether an exception that leaves a coroutine is the wish of somebody outside that its task ends."""
    tasks = namespace_of_module(sys.modules.get("asyncio.tasks"))
    cancelled = namespace_of_module(sys.modules.get("asyncio.exceptions")).get("CancelledError")
    if cancelled is None or type(error) is not cancelled:
        return False
    try:
        task = tasks["current_task"]()
    except RuntimeError:  # no event loop runs here
        return False
    return is_instance(task, tasks["Task"]) and bool(tasks["Task"].cancelling(task))
