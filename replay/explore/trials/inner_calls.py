"""Calls inside a replay: those that are observed, and one whose arguments are substituted, as plain values."""

from __future__ import annotations

import msgspec

from ....recorders.model.branches import FunctionName
from ....recorders.model.value_tree import Tree


class ObservedCall(msgspec.Struct, frozen=True, array_like=True):
    """A call of an included function while a trace was replayed."""

    function: FunctionName
    kind: str
    """`function`, `method`, `constructor`, `property`: how it is to be called."""
    number: int
    """Which of the calls of this function in its trace."""
    arguments: Tree
    """(receiver, args, kwargs)"""
    callers: list[FunctionName]
    """Included functions that it was called by, innermost first."""


class Substitution(msgspec.Struct, frozen=True, array_like=True):
    """One call of a replay gets other arguments, where it is the call that was observed: on changed code the call of
    that number may be another one."""

    function: FunctionName
    number: int
    original: Tree
    """The arguments that it has."""
    arguments: Tree
    """Those that it gets."""


class CallProbe(msgspec.Struct, frozen=True, array_like=True):
    """What is asked about the calls inside one replay."""

    counts: dict[FunctionName, int] = {}
    """Function → how many of its calls are to be reported."""
    substitution: Substitution | None = None


class Probed(msgspec.Struct, frozen=True, array_like=True):
    """The answer to a `CallProbe`."""

    calls: list[ObservedCall] = []
    substituted: bool = False
    """Whether the call that was to get other arguments took place."""


_encode = msgspec.msgpack.Encoder().encode
decode_probe = msgspec.msgpack.Decoder(CallProbe).decode
_decode_probed = msgspec.msgpack.Decoder(Probed).decode


def encode(part: CallProbe | Probed) -> bytes:
    """As it lies in a job, or in the result of one."""
    return _encode(part)


def decode_probed(data: bytes) -> Probed:
    """The answer of a replay; that of one which could not answer is that nothing took place."""
    return _decode_probed(data) if data else Probed()
