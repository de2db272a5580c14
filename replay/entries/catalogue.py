"""The kinds of entries in the box, and those of plugins, by name."""

from __future__ import annotations

import functools

from ...recorders.plugins import loaded
from .function import FunctionReplayer
from .protocol import EntryReplayer, EntryUnavailable
from .wsgi import WsgiReplayer

BUILT_IN: tuple[EntryReplayer, ...] = (WsgiReplayer(), FunctionReplayer())
"""To add a kind, write its file and name it here."""


@functools.cache
def _known() -> dict[str, EntryReplayer]:
    return {replayer.kind: replayer for replayer in (*BUILT_IN, *loaded().replayers())}


def replayer_of(kind: str) -> EntryReplayer:
    """What calls entries of a kind; raises `EntryUnavailable` where no plugin of this environment does."""
    found = _known().get(kind)
    if found is None:
        raise EntryUnavailable(f"entries of kind {kind!r} are replayed by a plugin that is not installed here")
    return found
