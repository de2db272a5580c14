"""Contents: all that a baseline holds, as a value, and how two of them are merged.

Merging is associative, commutative and idempotent, so that any number of processes may record baselines of their own
and any order of merges comes to the same: every part of the value is a join of a semilattice. Counts are kept by the
stretch of recording that counted them (`parts`). Of the traces of a path class those with the lowest names stay; names
are digests of the content, so that is a uniform choice ("bottom-k sketch", E. Cohen and H. Kaplan, PODC 2007). These
laws hold for one number of exemplars.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias, TypeVar

import msgspec

from ..model.branches import Arm
from ..model.trace import Entry, PathClass, TraceId, decode_trace, encode_part, encode_trace
from ..privacy.encryption import WrappedKey
from .parts import Part, SessionId, later
from .processes import Process
from .processes import later as later_process
from .protocol import Revision

ClassKey: TypeAlias = tuple[str, str]
"""(entry, path digest)"""

ArmIdentity: TypeAlias = tuple[str, str, int, str]
"""See `Arm.identity`."""

K = TypeVar("K")
V = TypeVar("V")


class Exemplar(NamedTuple):
    """A kept trace."""

    data: bytes
    """As `encode_trace` writes it, its order in terms of the path class of the contents that hold it."""
    session: SessionId


@dataclass(frozen=True, slots=True)
class Contents:
    """All that a baseline holds."""

    sessions: Mapping[SessionId, Revision] = field(default_factory=dict)
    parts: Mapping[SessionId, Part] = field(default_factory=dict)
    entries: Mapping[str, Entry] = field(default_factory=dict)
    classes: Mapping[ClassKey, PathClass] = field(default_factory=dict)
    traces: Mapping[ClassKey, Mapping[TraceId, Exemplar]] = field(default_factory=dict)
    producers: Mapping[TraceId, bytes] = field(default_factory=dict)
    needs: Mapping[TraceId, frozenset[TraceId]] = field(default_factory=dict)
    """Kept trace → the producers that it needs, and theirs."""
    absences: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """Of all kinds but what was not sampled, which parts count."""
    processes: Mapping[SessionId, Process] = field(default_factory=dict)
    keys: Mapping[tuple[str, str], bytes] = field(default_factory=dict)
    """(id, recipient) → wrapped session key"""

    def wrapped_keys(self) -> list[WrappedKey]:
        """The session keys, each for one recipient."""
        return [WrappedKey(*names, data) for names, data in sorted(self.keys.items())]


def merged(one: Contents, other: Contents, exemplars: int) -> Contents:
    """What both hold; at most so many traces of each path class stay."""
    classes = _joined(one.classes, other.classes, _common_class)
    traces = _joined(_restated(one, classes), _restated(other, classes), lambda a, b: _joined(a, b, min))
    kept = {key: {name: found[name] for name in sorted(found)[:exemplars]} for key, found in traces.items()}
    names = {name for found in kept.values() for name in found}
    needs = _joined(one.needs, other.needs, frozenset.union)
    needed = {name: needs[name] for name in names if needs.get(name)}
    wanted = frozenset().union(*needed.values())
    producers = _joined(one.producers, other.producers, min)
    return Contents(
        sessions=_joined(one.sessions, other.sessions, _later_session),
        parts=_joined(one.parts, other.parts, later),
        entries=_joined(one.entries, other.entries, _better_entry),
        classes=classes,
        traces=kept,
        producers={name: data for name, data in producers.items() if name in wanted},
        needs=needed,
        absences=_joined(one.absences, other.absences, max),
        processes=_joined(one.processes, other.processes, later_process),
        keys=_joined(one.keys, other.keys, min),
    )


def _joined(one: Mapping[K, V], other: Mapping[K, V], join: Callable[[V, V], V]) -> dict[K, V]:
    found = dict(one)
    for key, value in other.items():
        found[key] = join(found[key], value) if key in found else value
    return found


def _common_class(one: PathClass, other: PathClass) -> PathClass:
    """Arms in the order of one of the two, always the same one."""
    first = min(one, other, key=encode_part)
    return PathClass(first.arms, first.outcome, one.truncated or other.truncated)


def _later_session(one: Revision, other: Revision) -> Revision:
    """Of two copies of a session the one that had loaded more; of two that differ otherwise, always the same one."""
    return max(one, other, key=_progress)


def _progress(revision: Revision) -> tuple[int, bytes]:
    facts = (revision.commit, revision.python, revision.recorded, sorted(revision.sources.items()))
    more = (sorted(revision.variables.items()), revision.root, list(revision.names or ()), revision.key)
    return len(revision.sources), msgspec.msgpack.encode((facts, more, sorted(revision.plugins.items())))


def _better_entry(one: Entry, other: Entry) -> Entry:
    """The one that says how to call it."""
    return max(one, other, key=lambda entry: (bool(entry.target), encode_part(entry)))


# --- traces in terms of another order of arms ------------------------------------------------------------------------


def _restated(contents: Contents, classes: Mapping[ClassKey, PathClass]) -> dict[ClassKey, dict[TraceId, Exemplar]]:
    """The traces of some contents, in terms of the arms of common path classes."""
    return {
        key: {
            name: Exemplar(restated(exemplar.data, contents.classes[key].arms, classes[key].arms), exemplar.session)
            for name, exemplar in found.items()
        }
        for key, found in contents.traces.items()
    }


def restated(data: bytes, arms: Sequence[Arm], common: Sequence[Arm]) -> bytes:
    """An encoded trace whose order is in terms of `arms`, in terms of `common`."""
    own, wanted = _identities(arms), _identities(common)
    if own == wanted:
        return data
    trace = decode_trace(data)
    taken = [own[position] for position in trace.order if 0 <= position < len(own)] if trace.order else own
    places = {identity: position for position, identity in enumerate(wanted)}
    order = [] if taken == wanted else [places[identity] for identity in taken if identity in places]
    return encode_trace(msgspec.structs.replace(trace, order=order))


def _identities(arms: Iterable[Arm]) -> list[ArmIdentity]:
    return [arm.identity for arm in arms]
