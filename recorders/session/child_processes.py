"""Processes that come from the recorded one and are not recorded: forked workers, reloaders, what it starts.

A forked child cannot use the store (SQLite forbids connections across `fork`, "How To Corrupt An SQLite Database
File"), so it leaves a line in a file beside it, and the recorded process reads that at its end.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from ..model.absences import AbsenceKey
from ..patching import Undo, wrap

# Taken before anyone could patch them.
_open, _write, _close = os.open, os.write, os.close

MOST = 20
"""Started processes that are remembered."""

_PYTHON = re.compile(r"^(python|pypy)[\d.]*(\.exe)?$", re.IGNORECASE)


class Children:
    """The children of one recorded process."""

    def __init__(self, location: str) -> None:
        """`location` is the file of the baseline, which several processes may record into at once."""
        self._notes = Path(f"{location}.{os.getpid()}.children")
        self._started: list[tuple[int, list[str]]] = []

    def watch(self) -> Undo:
        """Remember what the process starts from now on."""
        return wrap(subprocess.Popen, "__init__", self._popen)

    def watch_spawning(self, util: ModuleType) -> Undo:
        """Remember what `multiprocessing` starts, which does not go through `subprocess`."""
        return wrap(util, "spawnv_passfds", self._spawn)

    def _popen(self, wrapped: Any, instance: Any, args: Any, kwargs: Any) -> None:
        wrapped(*args, **kwargs)
        self._remember(instance.pid, instance.args)

    def _spawn(self, wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        pid = wrapped(*args, **kwargs)
        self._remember(pid, args[1] if len(args) > 1 else ())
        return pid

    def _remember(self, pid: int, command: Any) -> None:
        words = command if type(command) is list or type(command) is tuple else (command,)
        if len(self._started) < MOST and all(type(word) is str or type(word) is bytes for word in words):
            self._started.append((pid, [os.fsdecode(word) for word in words]))

    def note_forked(self) -> None:
        """In a forked child: included code ran here. One short line, so that it is not torn (`write(2)`, O_APPEND)."""
        line = f"{os.getpid()}: {program_of(sys.orig_argv)}"[:200].replace("\n", " ")
        descriptor = _open(self._notes, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            _write(descriptor, f"{line}\n".encode(errors="replace"))
        finally:
            _close(descriptor)

    def forked(self) -> list[AbsenceKey]:
        """Forked children that ran included code; each is reported once."""
        try:
            lines = self._notes.read_text(encoding="utf-8", errors="replace").splitlines()
            self._notes.unlink()
        except OSError:
            return []  # no child left a note
        return [("forked", line) for line in dict.fromkeys(lines)]

    def started(self) -> list[AbsenceKey]:
        """Python processes that were started."""
        return [("started", f"{pid}: {program_of(words)}") for pid, words in self._started if runs_python(words)]


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
