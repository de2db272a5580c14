"""What a session needs to know of a kind of entry."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ..boundaries.import_hooks import ImportHooks
    from ..model.inputs import Input
    from ..model.trace import Entry, Trace
    from ..patching import Undo
    from ..privacy.redact import Redactor
    from .live_trace import LiveTrace


class EntryRecorder(Protocol):
    """One kind of entry, in the service. `begin` of the session takes it; the collector asks it about its traces."""

    kind: str
    """As in `Entry.kind`, by which a replay finds what calls the entry again."""

    hosts: bool
    """Whether a server may run inside a trace of it, whose requests are entries of their own."""

    def install(self, hooks: ImportHooks) -> Undo:
        """Put in place what sees such entries; nothing where the project wants none of them."""

    def saw_module(self, module: ModuleType) -> None:
        """An included module ran."""

    def encode(self, trace: LiveTrace) -> Input:
        """What the entry was given, of what it left in `trace.input`."""

    def name(self, trace: LiveTrace, redactor: Redactor | None) -> str:
        """What the entry is called, without secrets."""

    def describe(self, trace: LiveTrace, name: str) -> Entry:
        """The entry of that name, which a trace is the first of."""

    def stored(self, trace: LiveTrace, stored: Trace) -> None:
        """A trace was thawed to be kept: what can be learnt of it for later ones."""
