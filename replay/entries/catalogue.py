"""The kinds of entries in the box, and those of plugins, by name."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from ...recorders.installed import loaded
from ..export.body import Body
from ..export.pytest_source import WriteEntry, is_factory
from ..model.invocation import Invocation
from ..model.observation import Observation
from .asgi import AsgiReplayer
from .command import CommandReplayer
from .function import FunctionReplayer
from .protocol import EntryReplayer, EntryUnavailable
from .wsgi import WsgiReplayer

BUILT_IN: tuple[EntryReplayer, ...] = (WsgiReplayer(), AsgiReplayer(), CommandReplayer(), FunctionReplayer())
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


def needs_application(kind: str) -> bool:
    """Whether an application answers entries of a kind; of an unknown kind it is not known, and `replayer_of` says so
    where one is called."""
    found = _known().get(kind)
    return found is not None and found.needs_application


def writer(app: str, sources: Mapping[str, str]) -> WriteEntry:
    """What writes entries as tests; `app` is the application, and `sources` the modules that may make it."""

    def write(body: Body, step: Invocation, last: Observation) -> None:
        replayer = replayer_of(step.kind)
        replayer.write(body, replayer.read(step.arguments), last, app, is_factory=is_factory(sources, app))

    return write
