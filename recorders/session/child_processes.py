"""Processes that the recorded one starts: they find in their environment what starts the recorder there.

The service does not see it: it stands in the environment of the operating system, which children inherit, and not in
`os.environ`. Where a child is given an environment of its own, it is added to that.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from ..options import ENVIRONMENT_KEY
from ..patching import Undo, wrap

if TYPE_CHECKING:
    from ..boundaries.import_hooks import ImportHooks
    from ..model.absences import AbsenceKey

# Taken before anyone could patch them.
_putenv, _unsetenv, _environ = os.putenv, os.unsetenv, os.environ

MOST: Final = 20
"""Started processes without a recorder that are remembered."""

_POPEN_ENV: Final = 10
"""Position of `env` among the arguments of `subprocess.Popen`."""

_REPLAY: Final = f"from {__name__.partition('.')[0]}.replay."
"""In what an interpreter runs that replays (`replay.execute.launch`)."""

_PATH: Final = "PYTHONPATH"

_PYTHON = re.compile(r"^(python|pypy)[\d.]*(\.exe)?$", re.IGNORECASE)


class ChildEnvironment:
    """What the environment of children holds beside the service's own."""

    def __init__(self, options: str, startup: str) -> None:
        """`options` are those of the recorder, encoded; `startup` is the folder that starts it, or nothing: then
        children are left alone."""
        self._options = options
        self._startup = startup
        self._unrecorded: list[str] = []

    def watch(self, hooks: ImportHooks) -> Undo:
        """Give it to what the process starts from now on."""
        if not self._startup:
            return lambda: None
        self._expose()
        hooks.when_imported("subprocess", lambda module: wrap(module.Popen, "__init__", self._popen))
        undos = []
        for name, position in (("execve", 2), ("posix_spawn", 2), ("posix_spawnp", 2)):
            if hasattr(os, name):
                undos.append(wrap(os, name, self._with_environment(position)))
        undos += [wrap(os, name, self._exposed) for name in ("execv", "system")]

        def undo() -> None:
            while undos:
                undos.pop()()
            self._hide()

        return undo

    def watch_spawning(self, util: ModuleType) -> Undo:
        """The same for `multiprocessing`, which does not go through `subprocess`."""
        return wrap(util, "spawnv_passfds", self._exposed) if self._startup else lambda: None

    def unrecorded(self) -> list[AbsenceKey]:
        """Interpreters that were started with options that keep the recorder out."""
        return [("ignores environment", subject) for subject in dict.fromkeys(self._unrecorded)]

    def _expose(self) -> None:
        """Have the operating system's environment hold it, beside what the service sees."""
        _putenv(ENVIRONMENT_KEY, self._options)
        _putenv(_PATH, self._path(_environ.get(_PATH, "")))

    def _hide(self) -> None:
        """Have the operating system's environment be the service's own again."""
        _unsetenv(ENVIRONMENT_KEY)
        if _PATH in _environ:
            _putenv(_PATH, _environ[_PATH])
        else:
            _unsetenv(_PATH)

    def _path(self, before: str) -> str:
        if before.split(os.pathsep, 1)[0] == self._startup:
            return before
        return self._startup + (os.pathsep + before if before else "")

    def _added(self, given: Any) -> Any:
        """An environment that is given to a child, with it; one of an unknown kind as it is, for it may run code."""
        if type(given) is not dict and type(given) is not type(_environ):
            return given
        found = dict(given)
        before = found.pop(os.fsencode(_PATH), None)
        before = os.fsdecode(before) if type(before) is bytes else found.get(_PATH, "")
        if type(before) is str:
            found[_PATH] = self._path(before)
            found[ENVIRONMENT_KEY] = self._options
        return found

    def _popen(self, wrapped: Any, instance: Any, args: Any, kwargs: Any) -> None:
        command = args[0] if args else kwargs.get("args")
        if is_replay(command):
            wrapped(*args, **kwargs)
            return
        if len(args) > _POPEN_ENV and args[_POPEN_ENV] is not None:
            args = (*args[:_POPEN_ENV], self._added(args[_POPEN_ENV]), *args[_POPEN_ENV + 1 :])
        elif kwargs.get("env") is not None:
            kwargs = {**kwargs, "env": self._added(kwargs["env"])}
        else:
            self._expose()
        self._look(command)
        wrapped(*args, **kwargs)

    def _with_environment(self, position: int) -> Any:
        def call(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
            if len(args) > position:
                args = (*args[:position], self._added(args[position]), *args[position + 1 :])
            return wrapped(*args, **kwargs)

        return call

    def _exposed(self, wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        self._expose()
        return wrapped(*args, **kwargs)

    def _look(self, command: Any) -> None:
        """Remember an interpreter in which the recorder cannot start."""
        words = command if type(command) is list or type(command) is tuple else ()
        if not words or len(self._unrecorded) >= MOST or type(words[0]) is not str:
            return
        if not _PYTHON.match(os.path.basename(words[0])) or any(type(word) is not str for word in words):
            return
        flags = environment_options(words)
        if flags:
            self._unrecorded.append(f"{program_of(words)} ({flags})")


def is_replay(command: Any) -> bool:
    """Whether a command starts a process that replays."""
    return type(command) is list and any(type(word) is str and _REPLAY in word for word in command)


def restore_environment() -> str:
    """Take out of `os.environ` what started the recorder: the service sees its own. The folder that started it."""
    _environ.pop(ENVIRONMENT_KEY, None)
    startup, _separator, before = _environ.pop(_PATH, "").partition(os.pathsep)
    if before:
        _environ[_PATH] = before
    return startup


def this_program() -> str:
    """Program and script of this process."""
    return program_of(sys.orig_argv)


def program_of(words: Sequence[str]) -> str:
    """Program and script or module of a command line; further arguments may hold secrets."""
    name = os.path.basename(words[0]) if words else ""
    rest = list(words[1:])
    if _PYTHON.match(name):
        while rest and rest[0].startswith("-") and rest[0] not in ("-m", "-c"):
            rest.pop(0)
        if rest[:1] == ["-m"]:
            return " ".join([name, *rest[:2]])
        return " ".join([name, *(os.path.basename(one) if one != "-c" else one for one in rest[:1])])
    return name or "a program without a name"


def runs_python(words: Sequence[str]) -> bool:
    """Whether a command is a Python interpreter, or a script that begins with one."""
    return bool(interpreter_words(words))


def interpreter_words(words: Sequence[str]) -> list[str]:
    """The command line as an interpreter of Python sees it; empty for another program.

    Of a script, the words after `#!` stand in front (`execve(2)`), without `env` and its `-S`.
    """
    if not words:
        return []
    if _PYTHON.match(os.path.basename(words[0])):
        return list(words)
    import shutil  # for a command that is a script: asked before it is recorded

    path = shutil.which(words[0])
    first = _first_line(path) if path is not None else ""
    line = first.removeprefix("#!").split() if first.startswith("#!") else []
    while line and (os.path.basename(line[0]) == "env" or line[0] == "-S"):
        line.pop(0)
    return [*line, *words] if line and _PYTHON.match(os.path.basename(line[0])) else []


def _first_line(path: str) -> str:
    try:
        with open(path, "rb") as stream:
            return stream.readline(500).decode(errors="replace")
    except OSError:
        return ""  # a program that may be run and not read


def environment_options(words: Sequence[str]) -> str:
    """The options of an interpreter's command line that keep `sitecustomize` on PYTHONPATH from running, such as `-I`.

    `-E` and `-I` ignore PYTHONPATH, `-S` leaves out `site` ("Command line and environment" in Python's documentation).
    """
    found: list[str] = []
    rest = interpreter_words(words)[1:]
    while rest and rest[0].startswith("-") and rest[0] != "-":
        word = rest.pop(0)
        if word == "--check-hash-based-pycs":
            del rest[:1]
        if word.startswith("--"):
            continue
        for position, letter in enumerate(word[1:], 2):
            if letter in "IES":
                found.append(f"-{letter}")
            elif letter in "cm":
                return " ".join(found)
            elif letter in "WX":
                del rest[: 0 if word[position:] else 1]
                break
    return " ".join(found)
