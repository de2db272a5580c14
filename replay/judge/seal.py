"""The seal: what a baseline showed when it was replayed on the base revision, kept on disk.

A seal is a cache: it can always be made again from baseline and base. It lies beside the baseline's items, under a
name that says what it was made from, so that a second run on the same base costs nothing.
"""

from __future__ import annotations

import hashlib
import os
import sys
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from ...recorders.model.branches import FunctionName
from ...recorders.model.trace import TraceId
from ..compare.unknown import Unknown
from ..compare.volatile import Mask
from ..model.job import StateUse
from ..model.observation import Observation
from ..model.reason import NO_REASON, Reason
from ..model.verdict import FieldDifference

FORMAT = 5
"""Version of the seal.

1: the first.
2: why a trace is no evidence, what the recorded runs ran, unknown parts, properties that a caller reads.
3: what kind each difference from the recording is.
4: how the state of modules and classes was prepared.
"""

SEAL_KEY_LENGTH = 20
"""Characters of the key in a seal's name: 80 bits, so that two keys never meet."""

_MAGIC = b"pytest-runtime seal "


class SealedTrace(msgspec.Struct, frozen=True, array_like=True):
    """What base showed of one trace."""

    trace: TraceId
    why: Reason = NO_REASON
    """Why base does not speak for it; falsy where it replays as it was recorded."""
    deviating: bytes = b""
    """In what base's outcome is not what was recorded, as JSON: `FieldDifference`s hold values as JSON."""
    observation: Observation | None = None
    """Of a replay in a fresh process; `None` when it was stopped."""
    fingerprint: bytes = b""
    frozen: Observation | None = None
    """The observation with a frozen clock, where it is another."""
    masks: list[Mask] = []
    fresh: bool = False
    """Whether what it shows depends on what was replayed before it: then it is judged in a fresh process."""
    unstable: bool = False
    """Whether its path is another from one replay of base to the next."""
    restore: bool = False
    """Whether recorded state was put into its objects although their producers are known."""
    leaves: int = 0
    """Values that are compared, masked ones left out."""
    fallbacks: int = 0
    """Exchanges that other traces answered."""
    readings: bytes = b""
    seconds: float = 0.0
    state: StateUse | None = None
    """How the state of modules and classes was prepared; `None` where the trace has none."""
    unknown: list[Unknown] = []
    """Parts of the observation that nobody can compare: the trace is never the same."""

    @property
    def deviations(self) -> tuple[FieldDifference, ...]:
        """In what base's outcome is not what was recorded."""
        return _decode_differences(self.deviating) if self.deviating else ()


_decode_differences = msgspec.json.Decoder(tuple[FieldDifference, ...]).decode


class Seal(msgspec.Struct, frozen=True, kw_only=True):
    """A baseline, replayed on one base."""

    base: str
    """What it was made from, in words."""
    python: str
    distributions: dict[str, str]
    """Installed distributions that the code under test imported, and their versions."""
    sources: dict[str, str]
    """Included module → its text at base."""
    files: dict[str, str]
    """Files of the project that were read, relative to its root → digest of their content at base."""
    read_by_all: list[str]
    """Those that were read while the code was loaded."""
    functions: list[FunctionName]
    ran: dict[TraceId, list[int]]
    """Functions that each trace ran on base, as positions in `functions`."""
    recorded: dict[TraceId, list[int]]
    """Functions that each trace and its producers ran when they were recorded, as positions in `functions`."""
    read: dict[TraceId, list[str]]
    """Files that each trace read."""
    traces: dict[TraceId, msgspec.Raw]
    """Each a `SealedTrace`, decoded when it is wanted."""

    def trace(self, trace_id: TraceId) -> SealedTrace | None:
        """What base showed of a trace; `None` when the seal does not hold it."""
        raw = self.traces.get(trace_id)
        return _decode_trace(raw) if raw is not None else None

    def functions_of(self, trace_id: TraceId) -> list[FunctionName]:
        """Included functions that a trace ran on base."""
        return [self.functions[position] for position in self.ran.get(trace_id, [])]

    def recorded_functions_of(self, trace_id: TraceId) -> list[FunctionName]:
        """Included functions that a trace, or a producer of it, ran when it was recorded."""
        return [self.functions[position] for position in self.recorded.get(trace_id, [])]

    def fidelity(self, entries: Mapping[TraceId, str]) -> dict[str, Fidelity]:
        """How faithful base is to the recording, by entry; `entries` maps traces to theirs."""
        found: dict[str, Fidelity] = {}
        for trace_id in self.traces:
            sealed = self.trace(trace_id)
            if sealed is not None and trace_id in entries:
                found.setdefault(entries[trace_id], Fidelity()).count(sealed)
        return dict(sorted(found.items()))


class Fidelity(msgspec.Struct):
    """How many replays of base equal the recorded outcome, and why the others do not."""

    traces: int = 0
    faithful: int = 0
    fallbacks: int = 0
    reasons: dict[str, int] = {}

    def count(self, sealed: SealedTrace) -> None:
        """Add one trace."""
        self.traces += 1
        self.fallbacks += sealed.fallbacks
        reason = sealed.why.sentence
        if reason:
            self.reasons[reason] = self.reasons.get(reason, 0) + 1
        else:
            self.faithful += 1


_encoder = msgspec.msgpack.Encoder()
_trace_decoder = msgspec.msgpack.Decoder(SealedTrace)
_decode_trace = _trace_decoder.decode


def encode_sealed(sealed: SealedTrace) -> msgspec.Raw:
    """A sealed trace as it lies in a seal."""
    return msgspec.Raw(_encoder.encode(sealed))


class OtherFormat(Exception):
    """The file is no seal of this version's format; the message says what it is."""


def read_seal(path: Path) -> Seal:
    """The seal in a file; raises `OtherFormat`, and `OSError` when it cannot be read."""
    data = path.read_bytes()
    head, separator, body = data.partition(b"\n")
    if not head.startswith(_MAGIC) or not separator:
        raise OtherFormat(f"{path} is no seal")
    found = head.removeprefix(_MAGIC).decode(errors="replace")
    if found != str(FORMAT):
        raise OtherFormat(f"{path} has format {found}; this version reads and writes {FORMAT}")
    try:
        return msgspec.msgpack.decode(zlib.decompress(body), type=Seal)
    except (zlib.error, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise OtherFormat(f"{path} is damaged: {error}") from error


def write_seal(path: Path, seal: Seal) -> None:
    """Write it whole or not at all; raises `OSError`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = b"%s%d\n" % (_MAGIC, FORMAT) + zlib.compress(_encoder.encode(seal), 3)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_bytes(data)
    os.replace(draft, path)


def seal_key(
    *, traces: Iterable[TraceId], tree: Mapping[str, str], modules: Iterable[str], settings: Sequence[str]
) -> str:
    """The name of a seal: a digest of everything that it follows from but installed distributions and data files.

    `tree` maps files of the project at base to digests, `modules` are those of them that hold included modules;
    `settings` are those of the configuration that matter.
    """
    state = hashlib.blake2b(digest_size=SEAL_KEY_LENGTH // 2)
    parts = [f"format {FORMAT}", f"python {sys.version_info[:3]} {sys.implementation.cache_tag}", *settings]
    parts += sorted(traces)
    parts += [f"{path} {tree[path]}" for path in sorted(modules)]
    for part in parts:
        state.update(part.encode("utf-8", "surrogatepass") + b"\0")
    return state.hexdigest()
