"""Probes from code: `create`, `list`, `read` and `remove`, for people, scripts and assistants.

    from pytest_runtime import probes

    status = probes.create("log", "shop/trading.py:42", text="total={total}", condition="total > 10_000", hits=3)
    reading = probes.read(status.probe.id, wait=30)
    for hit in reading.hits:
        print(hit.text)
    probes.remove(status.probe.id)

A probe goes to every process that records into a baseline on this machine, those that start later included, within a
second. `baseline` is its name or path; where it is left out it is the one that has running processes. `by` says who
asks, for the policy and the audit log: `user:NAME` of this user where it is left out. Every function raises
`ConfigurationError` where no baseline can be chosen and `PolicyProblem` where the policy cannot be read: then nothing
is done.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .recorders.probes.model import (
    DEFAULT_SECONDS,
    AuditLine,
    Call,
    Hit,
    Kind,
    Metric,
    Probe,
    ProbeStatus,
    ProcessStatus,
    Reading,
)

if TYPE_CHECKING:
    from builtins import list as List  # noqa: N812 - `list` is a function here

__all__ = [
    "AuditLine",
    "Call",
    "Hit",
    "Metric",
    "Probe",
    "ProbeStatus",
    "ProcessStatus",
    "Reading",
    "audit",
    "create",
    "list",
    "read",
    "remove",
]


def create(
    kind: Kind,
    place: str,
    *,
    text: str = "",
    condition: str = "",
    hits: int | None = None,
    seconds: float = DEFAULT_SECONDS,
    baseline: str = "",
    root: str | Path | None = None,
    by: str = "",
    key: str = "",
    wait: float = 2.0,
) -> ProbeStatus:
    """Place a probe, and wait at most `wait` seconds until a process has answered.

    `text` is the line of a log (`"total={total}"`) or the expression of a value. `hits` is the most over all processes:
    by default 100 for logs and snapshots, and any number for metrics. After `seconds` it is gone. `key` is a
    correlation key of your own. Raises `ProbeRefused`, which says what and why, where the expressions are not accepted,
    where the policy says no, or where every process that answered refused; then nothing stays.
    """
    raise NotImplementedError


def list(*, baseline: str = "", root: str | Path | None = None, key: str = "") -> tuple[ProbeStatus, ...]:
    """The probes of a baseline, newest first, those that are over included until they are removed; only those of a
    correlation `key` where one is given."""
    raise NotImplementedError


def read(
    probe_id: str,
    *,
    after: int = 0,
    limit: int = 1000,
    wait: float = 0.0,
    baseline: str = "",
    root: str | Path | None = None,
    by: str = "",
) -> Reading:
    """The hits of a probe with numbers above `after`, at most `limit`, and how the probe stands.

    Waits at most `wait` seconds for a first one, and no longer than the probe is there. A metric has no hits: its sums
    are in the status. Raises `UnknownProbe`.
    """
    raise NotImplementedError


def remove(
    probe_id: str, *, baseline: str = "", root: str | Path | None = None, by: str = "", wait: float = 2.0
) -> ProbeStatus:
    """Take a probe away, with its hits; waits at most `wait` seconds until every running process has let go of it.

    Returns how it stood at the end. Raises `UnknownProbe`.
    """
    raise NotImplementedError


def audit(*, baseline: str = "", root: str | Path | None = None) -> tuple[List[AuditLine], str]:
    """The lines of the audit log, and what is wrong with it: empty where the chain of digests holds."""
    raise NotImplementedError
