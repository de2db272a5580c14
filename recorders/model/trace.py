"""This file is about the trace: one recorded run of an entry, as it is stored."""

from __future__ import annotations

import hashlib
from typing import Any, Literal, TypeAlias

import msgspec

from .branches import Arm, FunctionName
from .value_tree import Tree

TraceId: TypeAlias = str
EntryKind: TypeAlias = Literal["wsgi", "function"]

FORMAT = 2
"""Version of the stored trace and of the baseline around it.

1: the first.
2: traces refer to those that made the objects which they were given.
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
    input: Tree
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
    """Traces that made, or last changed, the objects that it was given; `ObjectNode.origin` counts them."""
    key: str = ""
    """Id of the session key that `secrets` is encrypted with; empty where there is nothing behind its pseudonyms."""
    secrets: bytes = b""
    """The values behind its pseudonyms, encrypted; see `secret_parts`. Readers before 0.2 leave both out."""


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


_trace_encoder = msgspec.msgpack.Encoder()
_trace_decoder: msgspec.msgpack.Decoder[Trace] = msgspec.msgpack.Decoder(Trace)


def encode_trace(trace: Trace) -> bytes:
    """The trace as MessagePack."""
    return _trace_encoder.encode(trace)


def decode_trace(data: bytes) -> Trace:
    """The trace that `encode_trace` wrote; raises `msgspec.MsgspecError` on anything else."""
    try:
        return _trace_decoder.decode(data)
    except (UnicodeDecodeError, RecursionError) as error:  # msgspec lets these two through
        raise msgspec.DecodeError(f"it is no trace: {error}") from error


def encode_part(part: Any) -> bytes:
    """Any other stored struct as MessagePack."""
    return _trace_encoder.encode(part)


def trace_id(encoded: bytes) -> TraceId:
    """The name of a trace: a digest of its content, 12 hexadecimal digits."""
    return hashlib.blake2b(encoded, digest_size=6).hexdigest()
