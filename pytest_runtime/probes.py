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

import os
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from .config import Project, is_remote, load_project
from .recorders.errors import ConfigurationError, ProbeError, ProbeRefused, StoreError, UnknownBaseline
from .recorders.options import encode_options
from .recorders.privacy.sensitive_names import PUBLIC, Names
from .recorders.probes.attached import SCRIPT, inject
from .recorders.probes.audit import read_audit
from .recorders.probes.control import Control, new_probe
from .recorders.probes.folder import ProbeFolder
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
from .recorders.probes.places import parse_place
from .recorders.probes.policy import load_policy
from .recorders.probes.preparing import digest_of_source
from .recorders.store.open import open_reader, open_writer
from .recorders.store.processes import is_running
from .recording import record_options

if TYPE_CHECKING:
    from builtins import list as List

__all__ = [
    "AuditLine",
    "Call",
    "Hit",
    "Metric",
    "Probe",
    "ProbeStatus",
    "ProcessStatus",
    "Reading",
    "attach",
    "audit",
    "create",
    "follow",
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
    pid: int = 0,
    wait: float = 2.0,
) -> ProbeStatus:
    """Place a probe, and wait at most `wait` seconds until a process has answered.

    `text` is the line of a log (`"total={total}"`) or the expression of a value. `hits` is the most over all processes:
    by default 100 for logs and snapshots, and any number for metrics, of which each process counts by itself. After
    `seconds` it is gone. `key` is a correlation key of your own, `pid` the one process that it is for. Raises
    `ProbeRefused`, which says what and why, where the expressions are not accepted, where the policy says no, or where
    every process that answered refused; then nothing stays.
    """
    chosen = _chosen(baseline, root)
    configured = chosen.project.configuration.redact
    names = Names(configured.names, configured.keep)
    asked = Probe(
        id="",
        kind=kind,
        place=place,
        text=text,
        condition=condition,
        hits=_most(kind, hits),
        seconds=float(seconds),
        placed=0.0,
        by=by or _this_user(),
        key=key,
        source=_source(chosen.project, place),
        pid=pid,
    )
    policy = load_policy(chosen.project.root)
    probe = new_probe(asked, lambda name: names.care(name) > PUBLIC)
    return chosen.control(probe.by).place(probe, policy, chosen.running(), wait)


def list(*, baseline: str = "", root: str | Path | None = None, key: str = "") -> tuple[ProbeStatus, ...]:
    """The probes of a baseline, newest first, those that are over included until they are removed; only those of a
    correlation `key` where one is given."""
    found = _chosen(baseline, root).control("").all()
    return tuple(status for status in found if not key or status.probe.key == key)


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
    chosen = _chosen(baseline, root)
    return chosen.control(by or _this_user()).read(probe_id, after, limit, wait)


def follow(
    probe_id: str, *, after: int, wait: float, baseline: str = "", root: str | Path | None = None, limit: int = 1000
) -> Reading:
    """Read on from the hit `after`, as `read` does, without another line in the audit log."""
    return _chosen(baseline, root).control("").read(probe_id, after, limit, wait, noted=False)


def remove(
    probe_id: str, *, baseline: str = "", root: str | Path | None = None, by: str = "", wait: float = 2.0
) -> ProbeStatus:
    """Take a probe away, with its hits; waits at most `wait` seconds until every running process has let go of it.

    Returns how it stood at the end. Raises `UnknownProbe`.
    """
    return _chosen(baseline, root).control(by or _this_user()).remove(probe_id, wait)


def attach(
    pid: int, *, baseline: str, include: Sequence[str] = (), root: str | Path | None = None, wait: float = 5.0
) -> None:
    """Reach a process that was not started under the recorder, by its id: Python 3.14 here and there (PEP 768).

    From then on probes for `baseline`, which is made where there is none, come into it, too; `include` are the packages
    in which they may stand, by default those of the configuration. Nothing is recorded there. Raises `ProbeError` where
    the process cannot be reached, or does not begin within `wait` seconds; it begins when its main thread runs Python.
    """
    project = load_project(Path(root) if root is not None else Path.cwd())
    options = record_options(baseline, project=project, include=include)
    open_writer(options.store).close()
    package = str(Path(__file__).resolve().parent.parent)
    script = SCRIPT.format(path=package, package=__package__, options=encode_options(options))
    with TemporaryDirectory(prefix="pytest-runtime-") as folder:
        os.chmod(folder, 0o755)  # the process may be another user's, and reads it
        path = Path(folder) / "attach.py"
        path.write_text(f"{script}open({str(Path(folder) / 'begun')!r}, 'w').close()\n", encoding="utf-8")
        inject(pid, str(path))
        until = time.monotonic() + wait
        while not (Path(folder) / "begun").exists():
            if time.monotonic() >= until:
                raise ProbeError(f"process {pid} has not begun within {wait:g} s: its main thread waits for something")
            time.sleep(0.05)


def audit(*, baseline: str = "", root: str | Path | None = None) -> tuple[List[AuditLine], str]:
    """The lines of the audit log, and what is wrong with it: empty where the chain of digests holds."""
    return read_audit(_chosen(baseline, root).folder)


# --- choosing a baseline ---------------------------------------------------------------------------------------------


class _Chosen(NamedTuple):
    """A baseline whose processes are asked."""

    project: Project
    name: str
    url: str

    @property
    def folder(self) -> ProbeFolder:
        return ProbeFolder(self.url)

    def control(self, by: str) -> Control:
        return Control(self.folder, self.name, by)

    def running(self) -> set[int]:
        """Processes that record into it, and are there; none while it is being made, or cannot be read."""
        try:
            with closing(open_reader(self.url)) as reader:
                processes = [*reader.processes().values()]
        except StoreError:
            return set()
        return {one.pid for one in processes if not one.ended and one.pid != os.getpid() and is_running(one.pid)}


def _chosen(baseline: str, root: str | Path | None) -> _Chosen:
    project = load_project(Path(root) if root is not None else Path.cwd())
    if baseline:
        return _named(project, baseline)
    known = [_named(project, name) for name in _here(project)]
    if len(known) == 1:
        return known[0]
    live = [chosen for chosen in known if chosen.running()]
    if len(live) == 1:
        return live[0]
    names = ", ".join(chosen.name for chosen in live or known)
    what = "several have running processes" if live else "none has a running process" if known else "there are none yet"
    raise ConfigurationError(
        f"name the baseline whose processes are meant, with --baseline NAME: {what}{': ' + names if names else ''}"
    )


def _here(project: Project) -> List[str]:
    return [name for name in project.known_baselines() if Path(project.store_url(name)).is_file()]


def _named(project: Project, name: str) -> _Chosen:
    url = project.store_url(name)
    if is_remote(url) or not Path(url.removeprefix("sqlite:///")).is_file():
        raise UnknownBaseline(name, location=url, known=_here(project))
    return _Chosen(project, name, url)


def _most(kind: Kind, hits: int | None) -> int:
    """How many hits there may be; 0 for what is usual."""
    if hits is not None and hits < 1:
        raise ProbeRefused(f"{hits} hits are none: give at least 1, or leave it out")
    return hits or 0


def _source(project: Project, place: str) -> str:
    """The digest of the file of a line, as it lies in the project; empty where it does not."""
    parsed = parse_place(place)
    path = project.root / parsed.file
    if not parsed.line or not path.is_file():
        return ""
    import importlib.util

    try:
        return digest_of_source(importlib.util.decode_source(path.read_bytes()))
    except (OSError, SyntaxError, UnicodeDecodeError):
        return ""


def _this_user() -> str:
    """Who runs this process, as the system says; the environment could say anything."""
    if os.name != "posix":
        return "user:unknown"
    import pwd

    try:
        return f"user:{pwd.getpwuid(os.geteuid()).pw_name}"
    except KeyError:
        return f"user:{os.geteuid()}"
