"""Builders of tasks of Celery: the task of that name in the code under test, at work on the recorded request."""

from __future__ import annotations

from typing import Any

from ....recorders.capture.adapters.tasks import REQUEST, is_task
from .protocol import TypeBuilder, exactly, member


def _task(name: Any, request: Any) -> Any:
    """A copy, so that nothing is left of the request where the task stands. It is the registered one in all else."""
    registered = member("celery._state", "get_current_app")().tasks
    found = registered.get(exactly(str, name))
    if found is None or not is_task(type(found)):
        raise LookupError(f"there is no task {name!r} any more")
    made = object.__new__(type(found))
    vars(made).update(vars(found))
    vars(made)["request_stack"] = stack = member("celery.utils.threads", "LocalStack")()
    if request is not None:
        said = {part: value for part, value in exactly(dict, request).items() if part in REQUEST}
        stack.push(member("celery.app.task", "Context")(said, called_directly=False))
    return made


BUILDERS: tuple[TypeBuilder, ...] = (TypeBuilder("celery.task", _task),)
"""One a kind."""
