"""What SQLite calls of the program while it works on a statement, and what the program makes of values.

Converters (`sqlite3.register_converter`) and text factories make values of cells: cells are recorded raw, as a dict
that no plain cell is, and are made by the program's own code afterwards, recorded or replayed. Functions, aggregates,
window functions and collations (`create_function` and its kin) are given arguments by SQLite: these are recorded among
the rows of the statement, as dicts, and a replay calls the program's own with them. What they answer goes to the
database: it is an exchange of its own, `NAME()`, which is compared. Adapters (`sqlite3.register_adapter`) are applied
before a statement is recorded, so that what the database is sent is compared.
"""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
import threading
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from ..context import current_world
from ..model.trace import Exchange
from ..model.value_tree import DictNode, Tree
from ..model.world import Operation
from .dbapi import nothing
from .protocol import Visit
from .sql import SqlCodec

CALLS_KEPT: Final = 1_000
"""Calls by one statement that are recorded: each is an exchange, of which a trace has no more than 5,000."""


class Run(Protocol):
    """A recorded statement that SQLite works on in this thread."""

    def note(self, call: dict[str, Any]) -> bool:
        """Record that a function of the program is called; `False` where it is not: then its answer is not either."""

    def resource(self) -> str:
        """The database."""


class _Here(threading.local):
    run: Run | None = None


_here = _Here()


# --- cells ---


class _Marking:
    """Takes the place of what makes a value of a cell: within a recorded statement the cell stays as it is."""

    def __init__(self, name: str, make: Callable[[bytes], Any]) -> None:
        self.name = name
        self.make = make

    def __call__(self, raw: bytes) -> Any:
        return self.make(raw) if _here.run is None else {"converter": self.name, "raw": raw}


TEXT: Final = ""
"""The name of the text factory among converters, which have one."""


def mark_converters() -> None:
    """Put a mark around each registered converter, whenever that was; SQLite looks them up as a statement starts."""
    for name, converter in list(sqlite3.converters.items()):  # another thread may register one
        if type(converter) is not _Marking:
            sqlite3.converters[name] = _Marking(name, converter)


def unmark_converters() -> None:
    """The converters as the program registered them."""
    for name, converter in list(sqlite3.converters.items()):
        if type(converter) is _Marking:
            sqlite3.converters[name] = converter.make


class SqliteCodec(SqlCodec):
    """Statements, and the program's functions that they call."""

    def label(self, operation: Operation, request: Tree) -> str:
        """Of a function its name."""
        return operation.name if isinstance(request, DictNode) else super().label(operation, request)

    def visit(self, exchange: Exchange, names: Any, visit: Visit) -> Exchange:
        """What lies in a raw cell stands under the name of its column too."""

        def inside(name: str, part: Tree) -> Tree:
            if isinstance(part, DictNode) and part.keys == ["converter", "raw"]:
                return DictNode(part.keys, [part.values[0], visit(name, part.values[1])])
            return visit(name, part)

        return super().visit(exchange, names, inside)


class Cells:
    """How the values of one connection's cells are made."""

    def __init__(self, *, converts: bool) -> None:
        """`converts`: converters are looked up for types of columns, or their names (`detect_types`)."""
        self.converts = converts
        self.text: Any = str
        """The program's text factory."""

    @property
    def are_marked(self) -> bool:
        """Whether a recorded row may have raw cells."""
        return self.converts or self._makes_texts

    @property
    def _makes_texts(self) -> bool:
        return not any(self.text is known for known in (str, bytes, bytearray))

    def text_factory(self) -> Any:
        """What SQLite is given for the text factory; types that it knows by themselves stay."""
        return _Marking(TEXT, self.text) if self._makes_texts and callable(self.text) else self.text

    def made(self, row: Any) -> Any:
        """A row whose raw cells became values, by the program's code as it is now. Raises what that raises."""
        if type(row) is not tuple:
            return row
        if self._makes_texts:
            return tuple([self._text(cell) if type(cell) is str else self._value(cell) for cell in row])
        return tuple(map(self._value, row)) if any(type(cell) is dict for cell in row) else row

    def _text(self, cell: str) -> Any:
        """Of a plain text, which was recorded before there was such a factory."""
        return self.text(cell.encode())

    def _value(self, cell: Any) -> Any:
        if type(cell) is not dict:
            return cell
        name, raw = cell["converter"], cell["raw"]
        if name == TEXT:
            return raw.decode() if self.text is str else self.text(raw)
        converter = sqlite3.converters.get(name) if self.converts else None
        if converter is None:  # it was taken away: most such cells are texts
            return raw.decode("utf-8", "replace")
        return converter.make(raw) if type(converter) is _Marking else converter(raw)


# --- parameters ---

_PLAIN: Final = frozenset(map(id, (type(None), int, float, str, bytes, bytearray)))
"""By id: a metaclass may define how its classes are hashed and compared."""


def adapted(parameters: Any) -> Any:
    """Parameters as SQLite is sent them; those that cannot be adapted stay, for SQLite to refuse."""
    if type(parameters) is dict:
        return {name: _adapted(value) for name, value in parameters.items()}
    if type(parameters) is tuple:
        return tuple([_adapted(value) for value in parameters])
    return [_adapted(value) for value in parameters] if type(parameters) is list else parameters


def _adapted(value: Any) -> Any:
    if id(type(value)) in _PLAIN:
        return value
    return sqlite3.adapt(value, sqlite3.PrepareProtocol, value)


# --- functions ---


_STEPS: Final = ("step", "inverse")
"""Methods of aggregates whose results SQLite does not take."""

_METHODS: Final = (*_STEPS, "value", "finalize")


class Functions:
    """The functions of the program that one connection knows, by their names in SQL."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int], Callable[..., Any]] = {}
        self._instances: dict[int, Any] = {}
        """Aggregates of the statement that is replayed."""

    def function(self, name: str, takes: int, function: Callable[..., Any] | None) -> Callable[..., Any] | None:
        """What SQLite is given for a function, or a collation, which takes two; `None` removes it."""
        self._note(name, takes, function)
        if function is None:
            return None
        return lambda *args: _watched({"function": name, "takes": takes, "args": args}, function, args)

    def aggregate(self, name: str, takes: int, aggregate: Callable[[], Any] | None) -> Callable[[], Any] | None:
        """What SQLite is given for an aggregate, or a window function; `None` removes it."""
        self._note(name, takes, aggregate)
        return None if aggregate is None else lambda: _Aggregate(name, takes, aggregate())

    def _note(self, name: str, takes: int, made: Callable[..., Any] | None) -> None:
        if made is None:
            self._known.pop((name.lower(), takes), None)
        else:
            self._known[name.lower(), takes] = made

    def replay(self, call: dict[str, Any], resource: str) -> None:
        """Call what SQLite called when this was recorded; one that is gone makes no exchange, which is seen so."""
        name, takes, args = str(call["function"]), int(call["takes"]), tuple(call["args"])
        function = self._find(name, takes)
        if function is None:
            return
        method, instance = call.get("method"), int(call.get("instance", 0))
        if method is not None and method not in _METHODS:
            return  # a baseline may be hostile
        # SQLite raises an error of its own; that there was one is seen in the exchange, or in that there is none.
        with contextlib.suppress(Exception):
            if method is not None:
                if instance not in self._instances:
                    self._instances[instance] = function()
                function = getattr(self._instances[instance], method)
            _answer(name, args, function, resource, is_taken=method not in _STEPS)

    def _find(self, name: str, takes: int) -> Callable[..., Any] | None:
        same = (function for (known, _takes), function in self._known.items() if known == name.lower())
        return self._known.get((name.lower(), takes)) or next(same, None)

    def forget_instances(self) -> None:
        """Another statement starts."""
        self._instances.clear()


_numbers = itertools.count(1)


class _Aggregate:
    """An aggregate of the program's, whose calls are recorded."""

    def __init__(self, name: str, takes: int, aggregate: Any) -> None:
        self._of = {"function": name, "takes": takes, "instance": next(_numbers)}
        self._aggregate = aggregate

    def step(self, *args: Any) -> Any:
        """One more row."""
        return self._call("step", args)

    def inverse(self, *args: Any) -> Any:
        """One row less in the window."""
        return self._call("inverse", args)

    def value(self) -> Any:
        """The result for the window."""
        return self._call("value", ())

    def finalize(self) -> Any:
        """The result."""
        return self._call("finalize", ())

    def _call(self, method: str, args: tuple[Any, ...]) -> Any:
        return _watched({**self._of, "method": method, "args": args}, getattr(self._aggregate, method), args)


def _watched(call: dict[str, Any], function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    run = _here.run
    if run is None or not run.note(call):
        return function(*args)
    return _answer(call["function"], args, function, run.resource(), is_taken=call.get("method") not in _STEPS)


def _answer(name: str, args: Sequence[Any], function: Callable[..., Any], resource: str, *, is_taken: bool) -> Any:
    """Call a function and record its answer where SQLite takes it, or that it failed: SQLite learns no more of an
    exception."""
    world = current_world()
    operation = Operation("sqlite3", f"{name}()", resource, "write")
    try:
        result = function(*args)
    except Exception as error:
        if world is not None:
            world.begin(operation, {"args": tuple(args), "raised": type(error).__name__}).first(nothing)
        raise
    if world is not None and is_taken:
        world.begin(operation, {"args": tuple(args), "result": result}).first(nothing)
    return result


# --- the work ---


class WorkingCursor(sqlite3.Cursor):
    """A cursor during whose work SQLite may call the program; of a recorded statement that is noted."""

    _ticket: Any = None

    def _work(self, perform: Any, args: tuple[Any, ...]) -> Any:
        if self._ticket is None:
            return perform(*args)
        before, _here.run = _here.run, self  # type: ignore[assignment]  # the class below says how
        try:
            return perform(*args)
        finally:
            _here.run = before

    def execute(self, *args: Any) -> Any:
        """One statement."""
        return self._work(super().execute, args)

    def executemany(self, *args: Any) -> Any:
        """One statement many times."""
        return self._work(super().executemany, args)

    def executescript(self, *args: Any) -> Any:
        """A script."""
        return self._work(super().executescript, args)

    def fetchone(self) -> Any:
        """The next row."""
        return self._work(super().fetchone, ())

    def fetchmany(self, *args: Any) -> Any:
        """Up to some rows."""
        return self._work(super().fetchmany, args)

    def fetchall(self) -> Any:
        """All rows that are left."""
        return self._work(super().fetchall, ())

    def __next__(self) -> Any:
        return self._work(super().__next__, ())
