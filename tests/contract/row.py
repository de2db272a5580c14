"""A row of the contract: a driver, the server that it speaks to, and a small service that uses it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Change:
    """A change of the service that the other side would notice."""

    old: str
    new: str
    named: str
    """What the report must say: a part of the field of some difference."""


@dataclass(frozen=True)
class Row:
    """A driver under the contract.

    The service defines `work()`, which uses what the driver offers and returns what it gave; `fail()`, which meets an
    error of the server and returns what can be read of it; `many()`, which runs interleaved tasks, and returns what
    each got; `secret()`, which sends and receives `SECRET`; and `refused()`, which connects where nobody listens. Its
    text may hold `{port}`, that of the server, `{closed}`, a port where nobody listens, and `{terces}`, `SECRET`
    backwards, so that the source does not tell it.
    """

    name: str
    server: str
    """Fixture that gives the port of the server."""
    packages: tuple[str, ...]
    """Distributions that it needs; their versions are those that docs/compatibility.md names."""
    service: str
    changes: tuple[Change, ...]
    set_up: str = ""
    """A further module, which prepares the server outside every trace: `prepare()`."""
    imports: Mapping[str, str] = field(default_factory=dict)
    """Distribution → module, where they are not called alike."""
    by_port: bool = True
    """Whether the service reaches its server over TCP: then a relay stands between them."""


SECRET = "tok_live_4f9a1c77d2e8b6a0"
"""Looks like what it is, and stands under a name that says so."""
