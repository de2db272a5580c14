"""The recorder's options: one frozen value, passed to the recorded process as JSON."""

from __future__ import annotations

import json
from typing import Any, Final, Literal, NamedTuple, TypeAlias

ENVIRONMENT_KEY = "PYTEST_RUNTIME_RECORD"
"""The environment variable that carries the options into the recorded process."""

Sample: TypeAlias = float | Literal["auto", "all"]
"""What is recorded: `auto` (everything, but a server within its budget), `all`, or a number of traces a second."""

DRAWN_SIZE: Final = 40
"""Random bytes that the key of a session is made of. They are drawn when the recorder starts, so that processes which
are forked from it have the same key, whenever that is made."""

DEFAULT_SHARE: Final = 0.02
"""Share of the process's CPU that recording may take: the promise of the design."""


class RedactOptions(NamedTuple):
    """What to redact beyond the defaults, and what the defaults take for a secret but is none."""

    names: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    drop: bool = False
    """Whether what is redacted is lost for good, rather than kept encrypted for the recipients."""


KINDS: Final = ("wsgi", "asgi", "commands", "functions")
"""What is recorded where a project says nothing: all kinds of entries that are no plugin's."""


class RecordOptions(NamedTuple):
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
    return json.dumps({**options._asdict(), "redact": options.redact._asdict()}, separators=(",", ":"))


def decode_options(text: str) -> RecordOptions:
    """From JSON; raises `ValueError` for options of another version of this package, naming what is unknown here."""
    found: dict[str, Any] = json.loads(text)
    unknown = found.keys() - set(RecordOptions._fields)
    if unknown:
        raise ValueError(f"the options of the recorder hold {', '.join(sorted(unknown))}, which this version lacks")
    return RecordOptions(**{**_with_tuples(found), "redact": RedactOptions(**_with_tuples(found["redact"]))})


def _with_tuples(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}
