"""A trial: one input to try on a version of the code, and its result, as plain values."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from ....recorders.model.branches import Arm
from ....recorders.model.value_tree import ClassName
from ...model.invocation import Invocation
from ...model.job import Ended, Job
from ...model.observation import Observation


class Trial(msgspec.Struct, frozen=True, array_like=True):
    """One input: usually one call, sometimes a few on the same receiver."""

    job: int
    """Position of the job whose recorded world answers."""
    steps: list[Invocation]
    """The calls, in order. They share the receiver of the first one."""


class TrialBatch(msgspec.Struct, frozen=True):
    """Inputs to try sequentially in one process. Jobs and trials pass through the loaded process as they are."""

    jobs: list[msgspec.Raw]
    """Each a `Job`."""
    trials: list[msgspec.Raw]
    """Each a `Trial`."""
    observed: bool = False
    """Whether observations are wanted, not digests alone."""
    canonical: bool = False
    """Whether digests are to be equal wherever values are; else they may differ by how equal values lie in memory."""
    traced: bool = False
    """Whether the paths that they take are wanted."""
    fresh: bool = False
    """Whether each is to be tried in a process of its own."""
    by_producers: bool = False
    """Whether objects of known origin are made again by the entries that made them, on both sides."""
    limit: float = 1.0
    """Seconds for one."""
    memory: int = 1 << 30
    """Bytes that the process may take beyond what it has: 1 GiB, as `docs/exploring.md` promises. An input that asks
    for more is to fail by itself, before the machine swaps."""


TrialEnded: TypeAlias = Ended | Literal["untried"]
"""How a trial ended; `untried` where inputs before it did not come to an end, and the rest of the batch was given
up."""


class TrialResult(msgspec.Struct, frozen=True, array_like=True):
    """How a trial ended, and what it showed."""

    ended: TrialEnded
    reason: str = ""
    digest: bytes = b""
    """Equal where what was seen is the same to the byte."""
    raised: list[ClassName] = []
    """Classes of the exceptions that left its steps."""
    refused: list[int] = []
    """Steps that refused their input by an exception of a class in `REFUSALS`, in whatever words."""
    observations: list[Observation] = []
    """Of each step."""
    readings: bytes = b""
    """Digest of what was read of clock and entropy."""
    path: bytes = b""
    """Path signature: equal where the same arms were taken."""
    arms: list[Arm] = []
    """Those, where the process that tried it took this path for the first time."""
    seconds: float = 0.0


_encode = msgspec.msgpack.Encoder().encode
decode_trial = msgspec.msgpack.Decoder(Trial).decode
decode_job = msgspec.msgpack.Decoder(Job).decode
decode_batch = msgspec.msgpack.Decoder(TrialBatch).decode
decode_results = msgspec.msgpack.Decoder(list[TrialResult]).decode


def raw(part: Trial | Job | TrialResult) -> msgspec.Raw:
    """As it lies in a batch, or in an answer."""
    return msgspec.Raw(_encode(part))


def encode(part: TrialBatch | list[msgspec.Raw]) -> bytes:
    """A batch, or the answer to one: a list of results."""
    return _encode(part)
