"""What a replay needs to know of a kind of entry: how it is called again."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias

from ...recorders.capture.thaw import capture
from ...recorders.model.inputs import DataInput, Input
from ...recorders.model.trace import Entry, Outcome, Trace
from ...recorders.model.value_tree import Tree
from ..export.body import Body, NoTest
from ..model.observation import Observation
from ..model.render import short
from ..world.public_values import Reader
from ..world.recorded_world import RecordedWorld
from ..world.resolver import Resolver
from .asgi_service import AsgiService


class EntryUnavailable(Exception):
    """The entry cannot be called here at all; the message says what to do."""


class EntryGone(Exception):
    """The code under test does not define the entry any more."""


class EntryUncallable(Exception):
    """No replay calls such an entry yet; the message says why."""


class Left(NamedTuple):
    """What a function left: live, not looked at yet."""

    kind: Literal["return", "exception"]
    value: Any
    arguments: Any
    """(receiver, args, kwargs)"""

    def outcome(self, reader: Reader) -> Outcome:
        """What a caller can read of it; of an exception its type, arguments and attributes, as in a recording."""
        value = capture(self.value) if self.kind == "exception" else reader.capture(self.value)
        return Outcome(self.kind, value, reader.capture(self.arguments))


BoundEntry: TypeAlias = Callable[[], tuple[Outcome | Left, TracebackType | None]]
"""Calls the entry once; gives what it left, and where that came from if it raised. Raises `TraceStopped`."""


class Applications(Protocol):
    """The applications of the code under test."""

    def find(self, entry: Entry) -> Any:
        """The application that answers an entry; raises `EntryUnavailable`."""

    def service(self, entry: Entry) -> AsgiService:
        """The ASGI application that answers an entry, started; raises `EntryUnavailable`."""

    def prepare(self, name: str, make: Callable[[], Any]) -> Any:
        """What `make` makes as an application is built, once for a name; raises `EntryUnavailable`."""


class CodeUnderTest(Protocol):
    """The code under test, as an entry may use it."""

    @property
    def resolver(self) -> Resolver:
        """Finds its classes and functions."""

    @property
    def applications(self) -> Applications:
        """Its applications, made once each."""

    def arguments(self, trace: Trace, world: RecordedWorld) -> Any:
        """(receiver, positional, named arguments) of a call, live; raises `Unbuildable`."""

    def apart(self, trace: Trace) -> AbstractContextManager[None]:
        """Around what may run code of an included class before the entry runs: nothing leaves the process there."""


class EntryReplayer(Protocol):
    """One kind of entry, in a replay."""

    kind: str
    """As in `Entry.kind`, by which the recorder said what sees it."""

    is_call: bool
    """Whether it is a call of a function: then arguments are what is varied, shown and written."""

    needs_application: bool
    """Whether `set_up` has something to do when the code is loaded."""

    def set_up(self, entry: Entry, applications: Applications) -> None:
        """Make what answers an entry, before the modules of the code are imported: what these need, an application
        sets up. Raises `EntryUnavailable`, and does so again where the entry is bound."""

    def bind(self, entry: Entry, trace: Trace, world: RecordedWorld, code: CodeUnderTest) -> BoundEntry:
        """The entry of the code under test, with the recorded input, ready to run in its world. Raises `Unbuildable`,
        `EntryGone`, `EntryUnavailable`, `EntryUncallable`."""

    def read(self, tree: Tree) -> Input:
        """The input that `Input.tree` gave; raises `ValueError`."""

    def parts(self, given: Input) -> Tree:
        """What of an input may be varied, as one tree."""

    def with_parts(self, given: Input, parts: Tree) -> Input:
        """The input with other parts."""

    def render(self, given: Input, parts: Tree) -> str:
        """An input with these parts in a line, as a person would write it."""

    def write(self, body: Body, given: Input, last: Observation, app: str, *, is_factory: bool) -> None:
        """Write down, as the source of a test, the entry and what base shows of it; `app` is the application,
        `module:attribute`, which `is_factory` makes. Raises `NoTest`."""


class PlainReplayer:
    """An entry whose input is varied as a whole, and that is not written as a test. The base of others."""

    kind = ""
    is_call = False
    needs_application = False

    def set_up(self, entry: Entry, applications: Applications) -> None:
        """Nothing has to be there."""

    def read(self, tree: Tree) -> Input:
        """The data."""
        return DataInput(tree)

    def parts(self, given: Input) -> Tree:
        """All of it."""
        return given.tree()

    def with_parts(self, given: Input, parts: Tree) -> Input:
        """The parts."""
        return self.read(parts)

    def render(self, given: Input, parts: Tree) -> str:
        """The kind, and the data."""
        return f"{self.kind} {short(parts)}"

    def write(self, body: Body, given: Input, last: Observation, app: str, *, is_factory: bool) -> None:
        """There is no such test."""
        raise NoTest(f"an entry of kind {self.kind!r} is not written down as a test")
