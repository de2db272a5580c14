"""Protocol between the process that judges and those that load the code and replay: questions and answers.

Each is MessagePack over a pipe. The first question is `Load`; answers come in the order of what was asked.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from ..model.job import Job, Observed
from .plan import Loaded, LoadPlan

Environment: TypeAlias = dict[bytes, bytes]
"""Variables as the system has them."""


class Load(msgspec.Struct, frozen=True, tag="load"):
    """Load the code under test."""

    plan: LoadPlan
    store: str
    path: list[str]
    limit: float
    forking: bool
    environ: Environment | None = None
    """Variables that it is to have; `None` for those that it has."""


class WatchLines(msgspec.Struct, frozen=True, tag="watch"):
    """From here on note which of these lines each replay runs."""

    lines: dict[str, list[int]] | None


class Jobs(msgspec.Struct, frozen=True, tag="jobs"):
    """Replay these."""

    jobs: list[Job]
    at_once: int = 1
    """Fresh processes that may work at the same time, from here on."""


class Ask(msgspec.Struct, frozen=True, tag="ask"):
    """A question for an extension of the process."""

    handler: str
    """Name of the handler that answers it."""
    question: bytes


class Lend(msgspec.Struct, frozen=True, tag="lend"):
    """Fork a process that goes on as this one would, over a connection whose descriptor comes next; then say so."""


class End(msgspec.Struct, frozen=True, tag="end"):
    """Nothing more is asked."""


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """The code cannot be loaded."""

    message: str


class Forked(msgspec.Struct, frozen=True, tag="forked"):
    """The answer to `Lend`."""


class Watching(msgspec.Struct, frozen=True, tag="watching"):
    """The answer to `WatchLines`."""

    unavailable: str


Question: TypeAlias = Load | WatchLines | Jobs | Ask | Lend | End
encode = msgspec.msgpack.Encoder().encode
decode_question = msgspec.msgpack.Decoder(Question).decode
decode_loaded = msgspec.msgpack.Decoder(Loaded).decode
decode_observed = msgspec.msgpack.Decoder(Observed).decode
decode_job = msgspec.msgpack.Decoder(Job).decode
