"""The process boundary: `subprocess`, `os.system` and the processes of `asyncio`.

What is run is one exchange: the command, what it is given, and where; the answer is what it printed and its status.
Behind a recorded world nothing runs. A process that the program handles itself (`Popen`) is one exchange when it is
started and one whenever the program asks for its end, its output, or sends it a signal. Output that is read from its
pipe piece by piece is not recorded.
"""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ..context import current_world
from ..model.value_tree import DictNode, ListNode, Tree, field
from ..model.world import Effect, Operation, World
from ..patching import Undo, Undos, wrap
from .protocol import PlainCodec

WORDS: Final = 4
"""Words of a command in its label."""

PYTHON: Final = "<this python>"
"""What stands in a command for the interpreter that runs it: a replay has one in another place."""

_WORDS: Final = frozenset(map(id, (str, bytes, pathlib.PosixPath, pathlib.PurePosixPath, pathlib.WindowsPath)))
"""Types of words that are looked at; by id, because a metaclass may define how its classes are compared."""

_PIPES: Final = (subprocess.PIPE, subprocess.STDOUT, subprocess.DEVNULL)


class ProcessCodec(PlainCodec):
    """Commands: known by their first words."""

    def label(self, operation: Operation, request: Tree) -> str:
        """The first words of the command."""
        command = field(request, "command")
        words = list(command.items) if isinstance(command, ListNode) else str(command).split()
        shown = " ".join(map(str, words[:WORDS])) + (" …" if len(words) > WORDS else "")
        return shown if operation.name in ("run", "start") else f"{operation.name} of {shown}"

    def canonical(self, operation: Operation, request: Tree) -> Tree:
        """What is asked of a process that was started says which one it is; its command was compared already."""
        if operation.name in ("run", "start") or not isinstance(request, DictNode):
            return request
        kept = [(key, value) for key, value in zip(request.keys, request.values, strict=True) if key != "command"]
        return DictNode([key for key, _ in kept], [value for _, value in kept])


def _operation(name: str, command: Any, effect: Effect = "write") -> Operation:
    first = command[0] if isinstance(command, list) and command else str(command).split(" ", 1)[0]
    return Operation("process", name, os.path.basename(str(first)) or "process", effect)


def _word(part: Any) -> Any:
    plain = os.fspath(part) if isinstance(part, os.PathLike) else part
    return PYTHON if type(plain) is str and plain == sys.executable else plain


def _command(args: Any) -> Any:
    """A command as data: a text for a shell, or a list of words."""
    return _word(args) if _is_word(args) else [_word(part) for part in args]


def _is_word(value: Any) -> bool:
    """Whether a value is text or a path of the standard library: looking at it runs nothing of the service."""
    return id(type(value)) in _WORDS


def _is_command(args: Any) -> bool:
    """Whether a command can be looked at before it is run: an iterator would be at its end afterwards."""
    return _is_word(args) or (type(args) in (list, tuple) and all(map(_is_word, args)))


def _environment(env: Mapping[Any, Any] | None) -> Any:
    """What a command is given beside the variables that the process has; `None` where it has them all."""
    if env is None:
        return None
    inherits = all(key in env for key in os.environ)
    changed = {str(key): value for key, value in env.items() if not inherits or os.environ.get(key) != value}
    return {"inherits": inherits, "variables": changed}


def _request(args: Any, options: Mapping[str, Any]) -> dict[str, Any]:
    """What is asked, without what only says how it is read."""
    folder = options.get("cwd")
    asked = {
        "command": _command(args),
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


def _is_boundary(world: World | None, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool:
    """Whether a call is an exchange: in a trace, and given nothing whose own code would run when it is looked at."""
    if world is None or len(args) > 1 or not (args or "args" in kwargs):
        return False
    return _is_command(args[0] if args else kwargs["args"]) and _is_data(kwargs)


def _is_data(options: Mapping[str, Any]) -> bool:
    folder, variables = options.get("cwd"), options.get("env")
    is_known = variables is None or type(variables) is dict or type(variables) is type(os.environ)
    return _is_plain(options) and is_known and (folder is None or _is_word(folder))


def _run(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`subprocess.run`, and so `check_output`, `getoutput` and the like."""
    world = current_world()
    if world is None or not _is_boundary(world, args, kwargs):
        return wrapped(*args, **kwargs)
    options = dict(kwargs)
    check = options.pop("check", False)
    command = args[0] if args else options["args"]
    request = _request(command, options)
    done: list[Any] = []

    def perform() -> tuple[Any, ...]:
        done.append(wrapped(*args, **options))
        return done[0].returncode, done[0].stdout, done[0].stderr

    status, out, errors = world.call(_operation("run", request["command"]), request, perform)
    finished = done[0] if done else subprocess.CompletedProcess(command, status, out, errors)
    if check and status:
        raise subprocess.CalledProcessError(status, command, output=out, stderr=errors)
    return finished


def _call(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`subprocess.call`, and so `check_call`: the answer is the status."""
    world = current_world()
    if world is None or not _is_boundary(world, args, kwargs):
        return wrapped(*args, **kwargs)
    request = _request(args[0] if args else kwargs["args"], kwargs)
    return world.call(_operation("run", request["command"]), request, lambda: wrapped(*args, **kwargs))


def _system(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    world = current_world()
    command = args[0] if args else kwargs.get("command")
    if world is None or not _is_word(command):
        return wrapped(*args, **kwargs)
    request = {"command": _command(command), "shell": True}
    return world.call(_operation("run", request["command"]), request, lambda: wrapped(*args, **kwargs))


# --- processes that the program handles itself ---------------------------------------------------------------------


class RecordedPipe:
    """A pipe of a process of the recording: whatever is asked of it, the recording has no answer."""

    def __init__(self, command: Any, name: str) -> None:
        self._command = command
        self._name = name
        self.closed = False

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)

        def ask(*args: Any, **kwargs: Any) -> Any:
            world = current_world()
            operation = _operation(f"{self._name}.{name}", self._command, "read")
            if world is None:
                raise OSError(f"a process of the recording has no {self._name}")
            return world.call(operation, {"command": self._command}, lambda: None)

        return ask

    def close(self) -> None:
        """Nothing is open."""
        self.closed = True


def _start(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """`Popen()`: starts it, or behind a recorded world only says so."""
    world = current_world()
    if world is None or not _is_boundary(world, args, kwargs):
        wrapped(*args, **kwargs)
        return
    command = args[0] if args else kwargs["args"]
    request = _request(command, kwargs)

    def perform() -> int:
        wrapped(*args, **kwargs)
        return int(instance.pid)

    number = world.call(_operation("start", request["command"]), request, perform)
    if world.recorded:
        _fill(instance, command, number, kwargs)


def _fill(instance: Any, command: Any, number: Any, options: Mapping[str, Any]) -> None:
    """What `Popen.__init__` leaves, of a process that does not run."""
    pipes = {
        name: RecordedPipe(_command(command), name) if options.get(name) == subprocess.PIPE else None
        for name in ("stdin", "stdout", "stderr")
    }
    for name, value in pipes.items():
        setattr(instance, name, value)
    instance.args, instance.pid, instance.returncode = command, number, None
    instance.text_mode = any(options.get(name) for name in ("text", "encoding", "errors", "universal_newlines"))
    instance._child_created = False
    instance._communication_started = False
    instance._input = None


def _asked(name: str, effect: Effect, options: Sequence[str] = ()) -> Any:
    """A method of `Popen` that is one exchange; its answer is what it returns and the status after it."""

    def ask(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        world = current_world()
        if (
            world is None
            or not _is_command(vars(instance).get("args"))
            or (instance.returncode is not None and effect == "session")
        ):
            return wrapped(*args, **kwargs)
        given = {**dict(zip(options, args, strict=False)), **kwargs}
        given.pop("timeout", None)
        request = {"command": _command(instance.args), **{key: one for key, one in given.items() if one is not None}}
        result, status = world.call(
            _operation(name, request["command"], effect),
            request,
            lambda: (wrapped(*args, **kwargs), instance.returncode),
        )
        if world.recorded:
            instance.returncode = status
        return result

    return ask


_METHODS = {
    "communicate": _asked("output", "write", ("input", "timeout")),
    "wait": _asked("end", "session", ("timeout",)),
    "poll": _asked("state", "session"),
    "send_signal": _asked("signal", "write", ("sig",)),
}


def install(module: Any = None) -> Undo:
    """Put the boundary in place, in `subprocess` and `os`; returns its undo."""
    undos = Undos()
    undos.add(wrap(subprocess, "run", _run))
    undos.add(wrap(subprocess, "call", _call))
    undos.add(wrap(os, "system", _system))
    undos.add(wrap(subprocess.Popen, "__init__", _start))
    for name, method in _METHODS.items():
        undos.add(wrap(subprocess.Popen, name, method))
    return undos.run


# --- asyncio -------------------------------------------------------------------------------------------------------


class _RecordedTransport:
    """What a process of `asyncio` asks, of one that does not run."""

    def __init__(self, number: Any) -> None:
        self.number = number
        self.status: int | None = None

    def get_pid(self) -> Any:
        """Its number when it was recorded."""
        return self.number

    def get_returncode(self) -> int | None:
        """Its status, once the program has asked for it."""
        return self.status


def _starting(module: Any, is_shell: bool) -> Any:
    """`create_subprocess_exec` and `create_subprocess_shell`."""

    async def start(wrapped: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        world = current_world()
        command = args[0] if is_shell and args else list(args)
        if world is None or not args or not _is_command(command) or not _is_data(kwargs):
            return await wrapped(*args, **kwargs)
        request = _request(command, {**kwargs, "shell": is_shell})
        made: list[Any] = []

        async def perform() -> int:
            made.append(await wrapped(*args, **kwargs))
            return int(made[0].pid)

        number = await world.call_awaited(_operation("start", request["command"]), request, perform)
        process = made[0] if made else object.__new__(module.Process)
        if not made:
            process._transport = _RecordedTransport(number)
            process.pid = number
            for name in ("stdin", "stdout", "stderr"):
                pipe = RecordedPipe(request["command"], name) if kwargs.get(name) == subprocess.PIPE else None
                setattr(process, name, pipe)
        process._recorded_command = request["command"]
        return process

    return lambda wrapped, instance, args, kwargs: start(wrapped, args, kwargs)


def _awaiting(name: str, effect: Effect) -> Any:
    async def ask(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        world = current_world()
        command = vars(instance).get("_recorded_command")
        if world is None or command is None:
            return await wrapped(*args, **kwargs)
        given = args[0] if args else kwargs.get("input")
        request = {"command": command, **({} if given is None else {"input": given})}

        async def perform() -> tuple[Any, Any]:
            return await wrapped(*args, **kwargs), instance.returncode

        result, status = await world.call_awaited(_operation(name, command, effect), request, perform)
        if isinstance(instance._transport, _RecordedTransport):
            instance._transport.status = status
        return result

    return ask


def _signalled(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    world = current_world()
    command = vars(instance).get("_recorded_command")
    if world is None or command is None:
        return wrapped(*args, **kwargs)
    name = wrapped.__name__
    request = {"command": command, "args": args}
    return world.call(_operation(name, command), request, lambda: wrapped(*args, **kwargs))


def install_awaited(module: Any) -> Undo:
    """Put the boundary in place in `asyncio.subprocess`; returns its undo."""
    undos = Undos()
    package = sys.modules.get("asyncio")
    for name, is_shell in (("create_subprocess_exec", False), ("create_subprocess_shell", True)):
        undos.add(wrap(module, name, _starting(module, is_shell)))
        if package is not None and name in vars(package):
            undos.add(wrap(package, name, _starting(module, is_shell)))
    undos.add(wrap(module.Process, "communicate", _awaiting("output", "write")))
    undos.add(wrap(module.Process, "wait", _awaiting("end", "session")))
    for name in ("send_signal", "terminate", "kill"):
        undos.add(wrap(module.Process, name, _signalled))
    return undos.run


CODEC = ProcessCodec()
