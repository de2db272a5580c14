"""The job: one trace to replay, how to replay it and the result, as plain values."""

from __future__ import annotations

import hashlib
from typing import Literal, TypeAlias

import msgspec

from ...recorders.model.branches import Arm, FunctionName
from ...recorders.model.trace import Entry, TraceId
from ...recorders.model.value_tree import ClassName
from .observation import Observation, Outbound
from .perturbation import UNPERTURBED, Perturbation
from .steps import Detail

Ended: TypeAlias = Literal["outcome", "stopped", "hung", "crashed", "error"]
"""How a replay ended: with an outcome; stopped by its world; at the time limit; with its process; not even begun."""


class StateUse(msgspec.Struct, frozen=True, array_like=True):
    """How the state of modules and classes was prepared for a trace; places are `module:NAME`."""

    made: dict[str, ClassName] = {}
    """Places for which the traces that changed them were replayed → the class of what stood there before."""
    restored: dict[str, ClassName] = {}
    """Places into which the recorded value was put → the same."""
    faults: dict[str, str] = {}
    """Places that could not be prepared → why."""

    @property
    def as_recorded(self) -> StateUse:
        """The same with recorded values alone: nothing else is replayed for it."""
        return StateUse({}, {**self.made, **self.restored}, self.faults)


class Job(msgspec.Struct, frozen=True, array_like=True):
    """One trace to replay."""

    trace: TraceId
    entry: Entry
    data: bytes
    """The trace, as `encode_trace` writes it."""
    producers: dict[TraceId, bytes] = {}
    """Traces that made the objects which this one was given, and theirs."""
    perturbation: Perturbation = UNPERTURBED
    fresh: bool = False
    """Whether nothing may have been replayed before it in its process."""
    traced: bool = False
    """Whether functions and arms are wanted."""
    lines: bool = False
    """Whether the lines that ran are wanted."""
    expected: bytes = b""
    """Fingerprint of the observation that need not be sent, because the asker has it."""
    restore: bool = False
    """Whether recorded state is put into objects although their producers are known."""
    probe: bytes = b""
    """What an extension of the process is asked about this replay, in its own encoding; empty for nothing."""
    variant: bytes = b""
    """A trace whose entry, kind, input and producers are taken in the place of those of `data`; its input may show the
    pseudonyms of `data`, and is given their values."""
    preceding: list[Job] = []
    """Of a fresh job: what is replayed before it in its process, to see what code keeps between calls."""
    about: frozenset[FunctionName] = frozenset()
    """Functions whose steps are kept, however many steps others take."""
    state: StateUse | None = None
    """How the state is to be prepared, as base was; `None` to find it out."""


class Observed(msgspec.Struct, frozen=True, array_like=True):
    """The result of a job."""

    trace: TraceId
    ended: Ended
    reason: str = ""
    """Why there is no outcome."""
    stop: str = ""
    """Of a stopped replay: `unrecorded`, `refused`, `gap`, `input`."""
    observation: Observation | None = None
    """What was seen; of a stopped replay its outbound calls so far. `None` when it is the expected one."""
    readings: bytes = b""
    """Digest of what was read of clock and entropy."""
    fallbacks: int = 0
    wants_fallback: bool = False
    restored: list[str] = []
    """Included classes whose instances were filled with recorded state."""
    functions: list[FunctionName] = []
    arms: list[Arm] = []
    lines: dict[str, list[int]] = {}
    """file → lines"""
    files: list[str] = []
    """Files of the project that were read or imported."""
    seconds: float = 0.0
    detail: Detail | None = None
    parsed: bool = False
    """Whether SQL had to be parsed, which is slow to begin with."""
    probed: bytes = b""
    """What an extension of the process answers about this replay, in its own encoding; empty where it was not asked,
    or where there is no answer because the replay ended its process."""
    mismatched: list[str] = []
    """Objects that were made again and are not as they were recorded, by where they came from."""
    state: StateUse = StateUse()
    """How the state was prepared."""

    @property
    def matched(self) -> bool:
        """Whether it is what was expected."""
        return self.ended == "outcome" and self.observation is None

    @property
    def outbound(self) -> list[Outbound]:
        """The exchanges that it asked for."""
        return self.observation.outbound if self.observation is not None else []


_encoder = msgspec.msgpack.Encoder()


def fingerprint(observation: Observation) -> bytes:
    """Equal for observations that are the same byte for byte; lines of calls are no part of it."""
    calls = [(one.operation, one.request) for one in observation.outbound]
    seen = _encoder.encode((observation.kind, observation.value, observation.arguments, calls))
    return hashlib.blake2b(seen, digest_size=16).digest()


def reading_digest(readings: dict[str, int]) -> bytes:
    """Of how often each stream was read."""
    return hashlib.blake2b(_encoder.encode(sorted(readings.items())), digest_size=8).digest()
