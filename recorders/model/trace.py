"""The trace: one recorded run of an entry, as it is stored."""

from __future__ import annotations

import hashlib
from typing import Any, Literal, TypeAlias

import msgspec

from .branches import Arm, FunctionName
from .inputs import Input, upgraded
from .state_places import COMMAND_LINE
from .value_tree import DictNode, Tree

TraceId: TypeAlias = str
EntryKind: TypeAlias = str
"""`wsgi`, `function`, or what a plugin calls its own: recorder and replay have a module for each."""

FORMAT = 3
"""Version of the stored trace and of the baseline around it.

1: the first.
2: traces refer to those that made the objects which they were given.
3: inputs have types; calls say whether they are awaited, and have no kind of their own for that.
"""


class Site(msgspec.Struct, frozen=True, array_like=True):
    """The line of included code that crossed a boundary."""

    function: FunctionName
    line: int


class Exchange(msgspec.Struct, frozen=True, array_like=True):
    """One request-response across a boundary."""

    boundary: str
    operation: str
    resource: str
    effect: Literal["read", "write", "session"]
    request: Tree
    answer: Tree
    items: list[Tree]
    ended: bool
    """Whether the stream of items was read to its end."""
    error: Tree
    site: Site | None
    lane: int
    """The thread of the trace, numbered in order of start."""


class Reading(msgspec.Struct, frozen=True, array_like=True):
    """A stream of readings of clock or entropy by one function."""

    source: str
    reader: FunctionName
    """The function that read, which may stand outside the included packages."""
    caller: FunctionName
    """The innermost included function that it read for; empty when there is none."""
    values: list[Tree]


class Call(msgspec.Struct, frozen=True, array_like=True):
    """An inner call that returned a scalar."""

    function: FunctionName
    result: Tree


class StateRead(msgspec.Struct, frozen=True, array_like=True):
    """What stood under a name of an included module or class as a trace began, where the import had left another value
    there."""

    place: str
    """`module:NAME`, or `module:Class.NAME`."""
    value: Tree
    makers: list[int] = []
    """The traces that changed it, in order, by their positions in `Trace.producers`; empty where nobody knows them."""
    whole: bool = False
    """Whether the first of these found what the import had left."""


class Inside(msgspec.Struct, frozen=True, array_like=True):
    """Where a trace ran that is no call from outside: the entry moved inwards."""

    entry: str
    """What was called from outside, or is itself inside of that."""
    caller: FunctionName
    """The included function that called; empty where nobody knows."""


class Outcome(msgspec.Struct, frozen=True, array_like=True):
    """What the caller saw."""

    kind: Literal["response", "return", "exception"]
    value: Tree
    arguments: Tree
    """Receiver and arguments as they were afterwards; `None` when they did not change."""


class Trace(msgspec.Struct, frozen=True, array_like=True):
    """One recorded run of an entry."""

    entry: str
    kind: EntryKind
    started: float
    """Seconds since the epoch."""
    input: Input
    outcome: Outcome
    exchanges: list[Exchange]
    readings: list[Reading]
    variables: dict[str, str | None]
    """Environment variables that were read; `None` for those that were not set."""
    variable_names: list[str] | None
    order: list[int]
    """Arms by first occurrence, as positions in the arms of its path class; empty for the class's own order."""
    functions: list[FunctionName]
    """Included functions that ran, by first call."""
    calls: list[Call]
    gaps: list[str]
    """What the recorder knows that it could not record."""
    redacted: int = 0
    """How many values of it are pseudonyms."""
    producers: list[TraceId] = []
    """Traces that made, or last changed, the objects that it was given, and its state; `ObjectNode.origin` and
    `StateRead.makers` count them."""
    key: str = ""
    """Id of the session key that `secrets` is encrypted with; empty where there is nothing behind its pseudonyms."""
    secrets: bytes = b""
    """The values behind its pseudonyms, encrypted; see `secret_parts`. Readers before 0.2 leave both out."""
    state: list[StateRead] = []
    """State of modules and classes that its code could reach, and that an earlier call or start-up had set."""
    inside: Inside | None = None
    """Of one that ran inside of another trace, whose input no replay can build."""

    @property
    def finds_state(self) -> bool:
        """Whether it found state that calls change; a command line is put back as it was, whatever ran."""
        return any(read.place != COMMAND_LINE for read in self.state)


class PathClass(msgspec.Struct, frozen=True, array_like=True):
    """The traces of one entry that took the same arms and came to the same kind of outcome."""

    arms: list[Arm]
    outcome: str
    """`200`, `returned`, `ValueError`: what kind of outcome these traces have."""
    truncated: bool
    """Whether the tracer stopped looking before the trace ended."""


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """Where traces start."""

    name: str
    kind: EntryKind
    module: str
    """Module whose file its items hang under."""
    target: str
    """How to call it: `module:qualname` of a function, `module:attribute` of an application, or empty if unknown."""


def _default(part: msgspec.structs.FieldInfo) -> tuple[Any, ...]:
    if part.default is not msgspec.NODEFAULT:
        return (part.default,)
    return (part.default_factory(),) if part.default_factory is not msgspec.NODEFAULT else ()


_trace_encoder = msgspec.msgpack.Encoder()
_stored = msgspec.defstruct(
    "StoredTrace",
    [
        (part.name, Input | DictNode if part.name == "input" else part.type, *_default(part))
        for part in msgspec.structs.fields(Trace)
    ],
    frozen=True,
    array_like=True,
)
"""A trace of this format or the one before, whose inputs were trees."""

_trace_decoder: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(_stored)


def encode_trace(trace: Trace) -> bytes:
    """The trace as MessagePack."""
    return _trace_encoder.encode(trace)


def decode_trace(data: bytes) -> Trace:
    """The trace that `encode_trace` wrote; raises `msgspec.MsgspecError` on anything else."""
    try:
        stored = _trace_decoder.decode(data)
        parts = {name: getattr(stored, name) for name in Trace.__struct_fields__}
        if isinstance(stored.input, DictNode):
            parts["input"] = upgraded(stored.kind, stored.input)
        return Trace(**parts)
    except (UnicodeDecodeError, RecursionError, ValueError) as error:  # msgspec lets the first two through
        if isinstance(error, msgspec.MsgspecError):
            raise
        raise msgspec.DecodeError(f"it is no trace: {error}") from error


def encode_part(part: Any) -> bytes:
    """Any other stored struct as MessagePack."""
    return _trace_encoder.encode(part)


def trace_id(encoded: bytes) -> TraceId:
    """The name of a trace: a digest of its content, 12 hexadecimal digits."""
    return hashlib.blake2b(encoded, digest_size=6).hexdigest()
