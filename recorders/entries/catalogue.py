"""The kinds of entries in the box, and those of plugins."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from ..options import RecordOptions
from ..session.entry_recorder import EntryRecorder
from ..session.session import Session
from .asgi import AsgiRecorder
from .command import CommandRecorder
from .function import FunctionRecorder
from .wsgi import WsgiRecorder

MakeRecorder: TypeAlias = Callable[[Session, RecordOptions], EntryRecorder]

BUILT_IN: tuple[MakeRecorder, ...] = (WsgiRecorder, AsgiRecorder, CommandRecorder, FunctionRecorder)
"""To add a kind, write its file and name it here."""
