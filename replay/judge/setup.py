"""What a run replays, and with what."""

from __future__ import annotations

from typing import Literal, NamedTuple

from ...recorders.options import RedactOptions
from ...recorders.privacy.encryption import SessionKey
from ..change.packages import USUAL, Home
from ..execute.process import LOAD_LIMIT, TIME_LIMIT


class Limits(NamedTuple):
    """How long replaying processes may take, in seconds."""

    replay: float = TIME_LIMIT
    """For one replay."""
    load: float = LOAD_LIMIT
    """To import the code."""


class Setup(NamedTuple):
    """What a run replays, and with what."""

    root: str
    """Folder of the project."""
    baseline: str
    store: str
    include: tuple[str, ...]
    app: str
    boundaries: tuple[str, ...]
    base: str = ""
    """Revision or folder that the user named, or empty."""
    limits: Limits = Limits()
    launch: Literal["spawn", "fork"] = "spawn"
    homes: tuple[Home, ...] = USUAL
    """Folders below the root that included packages lie in."""
    redact: RedactOptions = RedactOptions()
    """The project's rules of redaction."""
    keys: tuple[SessionKey, ...] = ()
    """Keys of the baseline's sessions that are at hand: replays compute with what their recordings hide."""
    lender: str = ""
    """Address at which another process of this run lends copies of the loaded candidate; empty where none does."""
