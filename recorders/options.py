"""The recorder's options: one frozen value, passed to the recorded process as JSON."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import msgspec

ENVIRONMENT_KEY = "PYTEST_RUNTIME_RECORD"
"""The environment variable that carries the options into the recorded process."""

Sample: TypeAlias = float | Literal["auto", "all"]
"""What is recorded: `auto` (everything, but a server within its budget), `all`, or a number of traces a second."""

DEFAULT_SHARE: Final = 0.02
"""Share of the process's CPU that recording may take: the promise of the design."""


class RedactOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to redact beyond the defaults, and what the defaults take for a secret but is none."""

    names: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    drop: bool = False
    """Whether what is redacted is lost for good, rather than kept encrypted for the recipients."""


KINDS: Final = ("wsgi", "asgi", "commands", "functions")
"""What is recorded where a project says nothing: all kinds of entries that are no plugin's."""


class RecordOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything that the recorder needs to know."""

    baseline: str
    store: str
    """Path or URL of the store."""
    include: tuple[str, ...]
    app: str = ""
    """`module:attribute` of the application, or of the function that makes it."""
    entries: tuple[str, ...] = KINDS
    """Some of `KINDS`, or patterns of `module:qualname`."""
    boundaries: tuple[str, ...] = ()
    redact: RedactOptions = RedactOptions()
    sample: Sample = "auto"
    cpu_share: float = DEFAULT_SHARE
    """The most of the process's CPU that the recorder may use, between 0 and 1, where there is a budget."""
    exemplars: int = 20
    """Traces kept per path class."""
    commit: str = ""
    """The commit of the code that is recorded, where it is known."""
    root: str = ""
    """Folder of the project, where it is known."""
    recipients: tuple[str, ...] = ()
    """Public keys of those who may read what redaction replaces; nobody can where there is none."""
    run: str = ""
    """Names the command; all processes below it have the same."""
    reporter: int = 0
    """Id of the process that says at its end what all recorded; 0 for whichever reads this."""
    startup: str = ""
    """Folder that starts the recorder in the Python processes below; empty where they are left alone."""


def encode_options(options: RecordOptions) -> str:
    """As JSON."""
    return msgspec.json.encode(options).decode()


def decode_options(text: str) -> RecordOptions:
    """From JSON; raises `msgspec.MsgspecError`."""
    return msgspec.json.decode(text, type=RecordOptions)
