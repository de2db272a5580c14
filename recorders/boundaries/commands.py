"""Commands as data: what is run, with what, and where."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from ..capture.raw import is_loaded_class
from ..model.world import Operation

if TYPE_CHECKING:
    from ..model.world import Effect, World

PYTHON: Final = "<this python>"
"""What stands in a command for the interpreter that runs it: a replay has one in another place."""

_PATHS: Final = ("PosixPath", "PurePosixPath", "WindowsPath")
"""Types of `pathlib` that are looked at, as texts are."""

_PIPES: Final = (-1, -2, -3)
"""`PIPE`, `STDOUT` and `DEVNULL` of `subprocess`."""


def operation_of(name: str, command: Any, effect: Effect = "write") -> Operation:
    """What is done to a process, which is known by the name of its program."""
    first = command[0] if isinstance(command, list) and command else str(command).split(" ", 1)[0]
    return Operation("process", name, os.path.basename(str(first)) or "process", effect)


def _word(part: Any) -> Any:
    plain = os.fspath(part) if isinstance(part, os.PathLike) else part
    return PYTHON if type(plain) is str and plain == sys.executable else plain


def command_of(args: Any) -> Any:
    """A command as data: a text for a shell, or a list of words."""
    return _word(args) if is_word(args) else [_word(part) for part in args]


def is_word(value: Any) -> bool:
    """Whether a value is text or a path of the standard library: looking at it runs nothing of the service."""
    cls = type(value)
    return cls is str or cls is bytes or any(is_loaded_class(cls, "pathlib", name) for name in _PATHS)


def is_command(args: Any) -> bool:
    """Whether a command can be looked at before it is run: an iterator would be at its end afterwards."""
    return is_word(args) or (type(args) in (list, tuple) and all(map(is_word, args)))


def _environment(env: Mapping[Any, Any] | None) -> Any:
    """What a command is given beside the variables that the process has; `None` where it has them all."""
    if env is None:
        return None
    inherits = all(key in env for key in os.environ)
    changed = {str(key): value for key, value in env.items() if not inherits or os.environ.get(key) != value}
    return {"inherits": inherits, "variables": changed}


def request_of(args: Any, options: Mapping[str, Any]) -> dict[str, Any]:
    """What is asked, without what only says how it is read."""
    folder = options.get("cwd")
    asked = {
        "command": command_of(args),
        "input": options.get("input"),
        "folder": os.fspath(folder) if folder is not None else None,
        "environment": _environment(options.get("env")),
        "shell": bool(options.get("shell")),
    }
    return {name: value for name, value in asked.items() if not (value is None or value is False)}


def _is_plain(options: Mapping[str, Any]) -> bool:
    """Whether what goes in and comes out passes through this process, or nobody sees it: a command that reads or writes
    a file of the program's cannot be answered by a recording."""
    streams = [options.get(name) for name in ("stdin", "stdout", "stderr")]
    return all(one is None or (type(one) is int and one in _PIPES) for one in streams)


def is_exchange(world: World | None, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool:
    """Whether a call is an exchange: in a trace, and given nothing whose own code would run when it is looked at."""
    if world is None or len(args) > 1 or not (args or "args" in kwargs):
        return False
    return is_command(args[0] if args else kwargs["args"]) and is_data(kwargs)


def is_data(options: Mapping[str, Any]) -> bool:
    """Whether the options of a command can be kept, and looked at without running code of the service."""
    folder, variables = options.get("cwd"), options.get("env")
    is_known = variables is None or type(variables) is dict or type(variables) is type(os.environ)
    return _is_plain(options) and is_known and (folder is None or is_word(folder))
