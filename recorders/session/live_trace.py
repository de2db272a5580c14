"""A trace that is running in the service, and what it leaves to the collector."""

from __future__ import annotations

import time
from collections.abc import Hashable
from contextvars import Token
from typing import TYPE_CHECKING, Any, Final, Literal

from .. import context
from ..boundaries.live_world import LiveWorld
from ..capture.freeze import Stand, freeze, frozen_size
from ..context import PathRecord, Scope
from .provenance import Lineage

if TYPE_CHECKING:
    from ..capture.pickle_stubs import Frozen
    from ..included import Included
    from ..tracing.protocol import Tracer
    from .entry_recorder import EntryRecorder
    from .module_state import TraceState

_clock = time.time

ITEM_LIMIT = 1_000
"""Items of a generator that are kept."""

SERVICE: Final = -1
"""The generation of a trace in which a server started: it is the service itself, and no entry."""


class TraceScope(Scope):
    """The scope of a trace that is recorded: it has a world that records, and a path."""

    __slots__ = ()

    world: LiveWorld
    path: PathRecord


class RawOutcome:
    """An outcome as the caller got it, frozen but not yet thawed."""

    __slots__ = ("arguments", "ended", "items", "kind", "value")

    def __init__(self) -> None:
        self.kind: Literal["response", "return", "exception"] = "return"
        self.value: Frozen = None
        self.arguments: Frozen = None
        """What was given, where it was changed."""
        self.items: list[Frozen] | None = None
        """What a generator handed over; `None` where the entry is none."""
        self.ended = False
        """Whether a generator came to its end."""


class LiveTrace:
    """A trace that is running in the service."""

    __slots__ = (
        *("_token", "_tracer", "gaps", "generation", "input", "key", "label", "lineage"),
        *("raw_outcome", "recorder", "scope", "started"),
    )

    def __init__(
        self,
        included: Included,
        tracer: Tracer,
        recorder: EntryRecorder,
        key: Hashable,
        state: TraceState,
        generation: int = 0,
    ) -> None:
        self._tracer = tracer
        self._token: Token[Scope | None] | None = None
        self.recorder = recorder
        """Of the kind of its entry."""
        self.key = key
        """What the sampler knows its entry by."""
        self.generation = generation
        """Of the process that it belongs to, see `Switch`; `SERVICE` where it is none."""
        world = LiveWorld(included)
        world.trace = self
        self.scope = TraceScope(world, PathRecord())
        self.started = _clock()
        self.label: tuple[str, str] = ("", "")
        self.input: Any = None
        self.raw_outcome = RawOutcome()
        self.gaps: list[str] = []
        self.lineage = Lineage(state)
        self.scope.path.ran = state.ran

    def is_inside(self, other: LiveTrace) -> bool:
        """Whether it is the trace of a call that another made, see `session.inwards`."""
        return self.scope.inside is not None and self.scope.inside[0] is other.scope.opening

    def resume(self) -> None:
        """The code of the trace runs now, in this thread."""
        self._token = context.enter(self.scope.inner or self.scope)
        self._tracer.begin(self.scope.path)

    def pause(self) -> None:
        """Other code runs now. Without `resume` before, nothing happens."""
        token, self._token = self._token, None
        if token is None:
            return
        now = context.current()
        self.scope.inner = now if now is not None and now.outer is self.scope else None
        self._tracer.end(self.scope.path)
        context.leave_anyhow(token)

    def outcome(self, kind: Literal["response", "return"], value: Any, stand: Stand | None = None) -> None:
        """The entry ended well; `stand` says what callables among its arguments are frozen as."""
        raw = self.raw_outcome
        raw.kind, raw.value = kind, freeze(value, limit=8_000_000, stand=stand)

    def outcome_error(self, error: BaseException, stand: Stand | None = None) -> None:
        """The entry raised."""
        raw = self.raw_outcome
        raw.kind, raw.value = "exception", freeze(error, stand=stand)

    def item(self, value: Any, stand: Stand | None = None) -> None:
        """The entry, a generator, handed over an item."""
        items = self.raw_outcome.items
        if items is None:
            return
        if len(items) < ITEM_LIMIT:
            items.append(freeze(value, stand=stand))
        elif len(items) == ITEM_LIMIT:
            self.gap(f"more than {ITEM_LIMIT} items of a generator")

    def gap(self, reason: str) -> None:
        """Something of the trace could not be recorded."""
        self.gaps.append(reason)

    def size(self) -> int:
        """Bytes that the trace holds until it is collected, roughly."""
        world = self.scope.world
        exchanges = sum(200 + frozen_size(raw.request) + frozen_size(raw.answer) for raw in world.exchanges)
        return 1000 + frozen_size(self.raw_outcome.value) + exchanges + world.item_bytes + 100 * len(world.readings)
