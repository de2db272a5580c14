"""The process boundary: `subprocess` and the processes of `asyncio`; `os_system` is the third.

What is run is one exchange: the command, what it is given, and where; the answer is what it printed and its status.
Behind a recorded world nothing runs. A process that the program handles itself (`Popen`) is one exchange when it is
started and one whenever the program asks for its end, its output, or sends it a signal. Output that is read from its
pipe piece by piece is not recorded.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from ..context import current_world
from ..model.world import Effect
from ..patching import Undo, Undos, wrap
from .commands import command_of, is_command, is_data, is_exchange, operation_of, request_of


def _run(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`subprocess.run`, and so `check_output`, `getoutput` and the like."""
    world = current_world()
    if world is None or not is_exchange(world, args, kwargs):
        return wrapped(*args, **kwargs)
    options = dict(kwargs)
    check = options.pop("check", False)
    command = args[0] if args else options["args"]
    request = request_of(command, options)
    done: list[Any] = []

    def perform() -> tuple[Any, ...]:
        done.append(wrapped(*args, **options))
        return done[0].returncode, done[0].stdout, done[0].stderr

    status, out, errors = world.call(operation_of("run", request["command"]), request, perform)
    finished = done[0] if done else subprocess.CompletedProcess(command, status, out, errors)
    if check and status:
        raise subprocess.CalledProcessError(status, command, output=out, stderr=errors)
    return finished


def _call(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`subprocess.call`, and so `check_call`: the answer is the status."""
    world = current_world()
    if world is None or not is_exchange(world, args, kwargs):
        return wrapped(*args, **kwargs)
    request = request_of(args[0] if args else kwargs["args"], kwargs)
    return world.call(operation_of("run", request["command"]), request, lambda: wrapped(*args, **kwargs))


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
            operation = operation_of(f"{self._name}.{name}", self._command, "read")
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
    if world is None or not is_exchange(world, args, kwargs):
        wrapped(*args, **kwargs)
        return
    command = args[0] if args else kwargs["args"]
    request = request_of(command, kwargs)

    def perform() -> int:
        wrapped(*args, **kwargs)
        return int(instance.pid)

    number = world.call(operation_of("start", request["command"]), request, perform)
    if world.recorded:
        _fill(instance, command, number, kwargs)


def _fill(instance: Any, command: Any, number: Any, options: Mapping[str, Any]) -> None:
    """What `Popen.__init__` leaves, of a process that does not run."""
    pipes = {
        name: RecordedPipe(command_of(command), name) if options.get(name) == subprocess.PIPE else None
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
            or not is_command(vars(instance).get("args"))
            or (instance.returncode is not None and effect == "session")
        ):
            return wrapped(*args, **kwargs)
        given = {**dict(zip(options, args, strict=False)), **kwargs}
        given.pop("timeout", None)
        request = {"command": command_of(instance.args), **{key: one for key, one in given.items() if one is not None}}
        result, status = world.call(
            operation_of(name, request["command"], effect),
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
    """Put the boundary in place; returns its undo."""
    undos = Undos()
    undos.add(wrap(subprocess, "run", _run))
    undos.add(wrap(subprocess, "call", _call))
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
        if world is None or not args or not is_command(command) or not is_data(kwargs):
            return await wrapped(*args, **kwargs)
        request = request_of(command, {**kwargs, "shell": is_shell})
        made: list[Any] = []

        async def perform() -> int:
            made.append(await wrapped(*args, **kwargs))
            return int(made[0].pid)

        number = await world.call_awaited(operation_of("start", request["command"]), request, perform)
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

        result, status = await world.call_awaited(operation_of(name, command, effect), request, perform)
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
    return world.call(operation_of(name, command), request, lambda: wrapped(*args, **kwargs))


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
