"""This file is about the trial: one input to try on a version of the code, and what came of it, as plain values."""

from __future__ import annotations

import msgspec

from ...recorders.model.branches import Arm, FunctionName
from ...recorders.model.value_tree import ClassName, Tree
from .job import Ended, Job
from .observation import Observation


class Step(msgspec.Struct, frozen=True, array_like=True):
    """One call."""

    target: FunctionName
    kind: str
    """`function`, `method`, `constructor`, `property`, `wsgi`."""
    arguments: Tree
    """(receiver, args, kwargs), or the input of an HTTP request. The steps of a trial share the receiver of the first
    one."""


class Trial(msgspec.Struct, frozen=True, array_like=True):
    """One input: usually one call, sometimes a few on the same receiver."""

    job: int
    """Position of the job whose recorded world answers."""
    steps: list[Step]


class Trials(msgspec.Struct, frozen=True, tag="trials"):
    """Inputs to try one after the other in one process. They pass through the loaded process as they are."""

    jobs: list[msgspec.Raw]
    """Each a `Job`."""
    trials: list[msgspec.Raw]
    """Each a `Trial`."""
    shown: bool = False
    """Whether observations are wanted, not digests alone."""
    closely: bool = False
    """Whether digests are to be equal wherever values are; else they may differ by how equal values lie in memory."""
    traced: bool = False
    """Whether the paths that they take are wanted."""
    fresh: bool = False
    """Whether each is to be tried in a process of its own."""
    made: bool = False
    """Whether objects of known origin are made again by what made them, on both sides."""
    limit: float = 1.0
    """Seconds for one."""
    memory: int = 1 << 30
    """Bytes that the process may take beyond what it has."""


_encode = msgspec.msgpack.Encoder().encode
decode_trial = msgspec.msgpack.Decoder(Trial).decode
decode_job = msgspec.msgpack.Decoder(Job).decode


def raw(part: Trial | Job) -> msgspec.Raw:
    """As it lies in a question."""
    return msgspec.Raw(_encode(part))


class Tried(msgspec.Struct, frozen=True, array_like=True):
    """What came of a trial."""

    ended: Ended
    reason: str = ""
    stop: str = ""
    """Of one that was stopped: `unrecorded`, `refused`, `gap`."""
    digest: bytes = b""
    """Equal where what was seen is the same to the byte."""
    raised: list[ClassName] = []
    """Classes of the exceptions that left its steps."""
    refused: list[int] = []
    """Steps that refused their input: what left them says that it is none, in whatever words; see `REFUSALS`."""
    observations: list[Observation] = []
    """Of each step."""
    readings: bytes = b""
    path: bytes = b""
    """Equal where the same arms were taken."""
    arms: list[Arm] = []
    """Those, where the process that tried it took this way for the first time."""
    seconds: float = 0.0
