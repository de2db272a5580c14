"""Tasks of Celery, which a bound task is given as its first argument: by name, with the request that they work on."""

from __future__ import annotations

import sys
from typing import Any, Final

from ..raw import inherits, namespace_of, type_dict, type_mro
from .protocol import TypeAdapter, Unreadable

_LIBRARY: Final = "celery.app.task"

REQUEST: Final = (
    *("id", "args", "kwargs", "retries", "eta", "expires", "delivery_info", "is_eager", "ignore_result"),
    *("root_id", "parent_id", "group", "group_index", "chord", "chain", "callbacks", "errbacks"),
    *("timelimit", "headers", "reply_to", "correlation_id", "origin", "shadow", "replaced_task_nesting"),
    *("stamped_headers", "stamps"),
)
"""What a request holds that says something of the work, and not of the worker: a retry hands nearly all of it on."""


def is_task(cls: type) -> bool:
    """Whether instances of a class are tasks: of each task there is one, of a class that Celery makes for it."""
    home = sys.modules.get(_LIBRARY)
    base = vars(home).get("Task") if home is not None else None
    return type(base) is type and inherits(cls, base)


def _task(task: Any) -> tuple[Any, ...]:
    """(name of a task, what its request says; `None` outside of one)"""
    name, stack = _held(task, "name"), _held(task, "request_stack")
    if type(name) is not str:
        raise Unreadable("the task has no name yet")
    request = stack.top if type(stack).__module__ == "celery.utils.threads" else None
    if type(request).__module__ != _LIBRARY:
        return name, None
    held = vars(request)
    return name, {part: held[part] for part in REQUEST if held.get(part) not in (None, False)}


def _held(task: Any, name: str) -> Any:
    """An attribute, read raw."""
    own = namespace_of(task) or {}
    if name in own:
        return own[name]
    return next((type_dict(base)[name] for base in type_mro(type(task)) if name in type_dict(base)), None)


ADAPTERS: tuple[TypeAdapter, ...] = (TypeAdapter("celery.task", (), _task, accepts=is_task),)
"""One for all classes of tasks."""
