"""Commands of Django as entries: the recorded command line, given to the command that the code under test has."""

from __future__ import annotations

import importlib
import os
import shlex
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Any

from ...recorders.capture.thaw import capture
from ...recorders.entries.command import SETTINGS, ended
from ...recorders.entries.stored_commands import words_of
from ...recorders.model.inputs import DataInput, Input
from ...recorders.model.trace import Entry, Outcome, Trace
from ...recorders.model.value_tree import Tree
from ..model.render import short
from ..world.recorded_world import RecordedWorld
from ..world.resolver import Unbuildable
from ..world.stopping import TraceStopped
from .protocol import Applications, BoundEntry, CodeUnderTest, EntryGone, EntryUnavailable, PlainReplayer

MANAGEMENT = "django.core.management"


class CommandReplayer(PlainReplayer):
    """Gives command lines to Django."""

    kind = "command"
    needs_application = True

    def set_up(self, entry: Entry, applications: Applications) -> None:
        """Set Django up, with the settings of the recorded command, where the code under test did not do so itself."""
        if entry.target:
            applications.prepare(f"Django with {entry.target}", lambda: _set_up(entry.target))

    def bind(self, entry: Entry, trace: Trace, world: RecordedWorld, code: CodeUnderTest) -> BoundEntry:
        """The command of that name, wherever it is defined now, with the command line."""
        line = _words(trace.input)
        if line is None:
            raise Unbuildable("it is no command line")
        self.set_up(entry, code.applications)
        if MANAGEMENT not in sys.modules:
            raise EntryUnavailable("Django is not loaded here, so there are no commands; set app in pyproject.toml")
        with code.apart(trace):
            home = sys.modules[MANAGEMENT].get_commands().get(line[1])
        if home is None:
            raise EntryGone(f"there is no command {line[1]!r} any more")
        package = home if isinstance(home, str) else type(home).__module__
        if not code.resolver.covers(package):
            raise EntryUnavailable(f"refused to run the command {line[1]!r}: it lies outside the included packages")
        return lambda: run_command(home, line)

    def render(self, given: Input, parts: Tree) -> str:
        """`manage.py send --days 3`."""
        words = words_of(parts)
        return shlex.join(words) if words is not None else short(parts)


def _set_up(settings: str) -> None:
    """Raises what settings and applications raise where they are loaded."""
    os.environ.setdefault(SETTINGS, settings)
    importlib.import_module("django").setup()


def _words(given: Input) -> list[str] | None:
    """The command line; `None` where a baseline holds something else."""
    words = words_of(given.data) if isinstance(given, DataInput) else None
    return words if words is not None and len(words) > 1 else None


def run_command(home: Any, line: Sequence[str]) -> tuple[Outcome, TracebackType | None]:
    """Run a command; what it came to, and where that came from if it raised. `home` is the application of Django that
    has it, or a command that is made already."""
    before, sys.argv = sys.argv, list(line)
    try:
        command = sys.modules[MANAGEMENT].load_command_class(home, line[1]) if isinstance(home, str) else home
        command.run_from_argv(list(line))
    except TraceStopped:
        raise
    except SystemExit as end:
        return Outcome("return", capture(ended(end)), None), end.__traceback__
    except BaseException as error:  # noqa: BLE001 - what leaves an entry is its outcome
        return Outcome("exception", capture(error), None), error.__traceback__
    finally:
        sys.argv = before
    return Outcome("return", capture(ended(None)), None), None
