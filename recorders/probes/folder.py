"""The folder beside a baseline through which probes go to processes, and hits come back.

    NAME.baseline.probes/          for its owner alone (0700)
        placed/ID.json             what is asked for: one file a probe, put in place by renaming
        ended/ID.json              what had its hits, or expired
        status/ID/PROCESS.json     how a probe stands in one process, written by it alone
        hits/ID.jsonl              hits of all processes, appended under a lock
        audit.log                  see `audit`

Processes look at `placed` a few times a second, which is one `stat`, and one that fails where no probe was ever placed.
Nobody listens, so nothing is left behind by one who is killed. All of it is data that is checked when it is read, and a
process takes nothing from a folder that somebody else may write to.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, Literal, TypeVar

import msgspec

from .. import taken
from ..errors import ProbeError
from ..session.pending import machine
from ..store.open import path_of
from .model import Hit, Probe, ProcessStatus

SUFFIX: Final = ".probes"
MOST_PROBES: Final = 100
"""Probes that are placed at a time, over all who place some."""

MOST_BYTES: Final = 64 * 1024 * 1024
"""Of the hits of one probe."""

_FRESH: Final = 2.0
"""Seconds for which a folder is listed again though its time says nothing new: file systems have ticks."""

_stat, _getpid, _time, _monotonic = taken.stat, taken.getpid, taken.time_now, taken.monotonic
T = TypeVar("T")

End = Literal["done", "expired"]


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """A probe that is over."""

    probe: Probe
    life: End
    at: float
    """Seconds since the epoch."""


class ProbeFolder:
    """The folder of one baseline; either side of it."""

    def __init__(self, store: str) -> None:
        """`store` is the path or URL of the baseline. Nothing is made yet."""
        self.path = Path(f"{path_of(store)}{SUFFIX}")
        self._placed = str(self.path / "placed")
        self._seen: tuple[int, int] = (0, 0)
        self._fresh_until = 0.0
        self._counted: dict[str, tuple[int, int]] = {}
        """Bytes and hits of the files of hits, as far as this process looked."""

    # --- looking ---

    def has_changed(self) -> bool:
        """Whether probes may have come or gone since `placed` was called: one `stat`."""
        try:
            found = _stat(self._placed)
        except OSError:
            return self._seen != (0, 0)
        return (found.st_mtime_ns, found.st_ino) != self._seen or _monotonic() < self._fresh_until

    def placed(self) -> dict[str, Probe]:
        """What is placed now; raises `ProbeError` where the folder cannot be trusted."""
        try:
            found = _stat(self._placed)
        except OSError:
            self._seen = (0, 0)
            return {}
        self.check_owner()
        if (found.st_mtime_ns, found.st_ino) != self._seen:
            self._fresh_until = _monotonic() + _FRESH
        self._seen = found.st_mtime_ns, found.st_ino
        return {probe.id: probe for probe in self._read_all(self.path / "placed", Probe) if is_id(probe.id)}

    def ended(self) -> dict[str, Ended]:
        """What is over, and can still be read."""
        return {one.probe.id: one for one in self._read_all(self.path / "ended", Ended) if is_id(one.probe.id)}

    def check_owner(self) -> None:
        """Raises `ProbeError` where others than the user of this process may write."""
        found = _stat(self.path)
        if found.st_uid not in (os.geteuid(), 0) or found.st_mode & 0o022:
            raise ProbeError(f"{self.path} may be written by others: probes are not taken from it. Remove it")

    def _read_all(self, folder: Path, kind: type[T]) -> Iterator[T]:
        try:
            names = sorted(name for name in os.listdir(folder) if name.endswith(".json"))
        except OSError:
            return
        for name in names[:MOST_PROBES]:
            with suppress(OSError, msgspec.MsgspecError):
                yield msgspec.json.decode((folder / name).read_bytes(), type=kind)

    # --- placing and ending ---

    def make(self) -> None:
        """Make the folder; raises `ProbeError`."""
        try:
            for name in ("placed", "ended", "status", "hits"):
                (self.path / name).mkdir(mode=0o700, parents=True, exist_ok=True)
            os.chmod(self.path, 0o700)
        except OSError as error:
            raise ProbeError(f"{self.path} cannot be made: {error.strerror}; run this as the service's user") from error
        self.check_owner()

    def place(self, probe: Probe) -> None:
        """Raises `ProbeError`."""
        if len(self.placed()) >= MOST_PROBES:
            raise ProbeError(f"{MOST_PROBES} probes are placed already: remove some (pytest-runtime probe list)")
        self._write(self.path / "placed" / f"{probe.id}.json", probe)

    def end(self, probe: Probe, life: End) -> bool:
        """A placed probe is over; whether it was this call that ended it."""
        with suppress(OSError):
            self._write(self.path / "ended" / f"{probe.id}.json", Ended(probe=probe, life=life, at=_time()))
        return self._unlink(self.path / "placed" / f"{probe.id}.json")

    def withdraw(self, probe_id: str) -> bool:
        """Have no process keep it; whether it was there."""
        was_ended = self._unlink(self.path / "ended" / f"{probe_id}.json")
        return self._unlink(self.path / "placed" / f"{probe_id}.json") or was_ended

    def forget(self, probe_id: str) -> None:
        """Remove what was kept of it."""
        for status in self._status_files(probe_id):
            self._unlink(status)
        with suppress(OSError):
            (self.path / "status" / probe_id).rmdir()
        self._unlink(self._hits_file(probe_id))

    def _unlink(self, path: Path) -> bool:
        try:
            path.unlink()
        except OSError:
            return False
        return True

    def _write(self, path: Path, value: object) -> None:
        """Put a file in place as a whole; raises `OSError`."""
        beside = path.with_name(f".{path.name}.{_getpid()}")
        beside.write_bytes(msgspec.json.encode(value))
        os.replace(beside, path)

    # --- how it stands ---

    def _status_files(self, probe_id: str) -> list[Path]:
        try:
            return sorted((self.path / "status" / probe_id).iterdir())
        except OSError:
            return []

    def statuses(self, probe_id: str) -> dict[str, ProcessStatus]:
        """What processes say of a probe, by their names."""
        found = {}
        for path in self._status_files(probe_id):
            if path.suffix == ".json" and not path.name.startswith("."):
                with suppress(OSError, msgspec.MsgspecError):
                    found[path.stem] = msgspec.json.decode(path.read_bytes(), type=ProcessStatus)
        return found

    def tell(self, probe_id: str, status: ProcessStatus) -> None:
        """Say how a probe stands in this process; raises `OSError`."""
        folder = self.path / "status" / probe_id
        folder.mkdir(mode=0o700, exist_ok=True)
        self._write(folder / f"{process_name()}.json", status)

    def let_go(self, probe_id: str) -> None:
        """Nothing of a probe is left in this process."""
        self._unlink(self.path / "status" / probe_id / f"{process_name()}.json")
        with suppress(OSError):
            (self.path / "status" / probe_id).rmdir()

    # --- hits ---

    def _hits_file(self, probe_id: str) -> Path:
        return self.path / "hits" / f"{probe_id}.jsonl"

    def append(self, probe: Probe, hits: Sequence[Hit]) -> tuple[int, bool]:
        """Add hits, as many as are left over all processes: (how many were added, whether no more can be). Raises
        `OSError`."""
        path = self._hits_file(probe.id)
        with locked(path) as descriptor:
            size, count = self._counted.get(probe.id, (0, 0))
            new = _tail(path, size)
            size, count = size + len(new), count + new.count(b"\n")
            left = max(0, probe.hits - count) if probe.hits else len(hits)
            lines = [
                msgspec.json.encode(msgspec.structs.replace(hit, number=count + at)) + b"\n"
                for at, hit in enumerate(hits[:left], 1)
            ]
            written = b"".join(lines)
            if size + len(written) > MOST_BYTES:
                return 0, True
            os.write(descriptor, written)
            self._counted[probe.id] = size + len(written), count + len(lines)
            return len(lines), bool(probe.hits) and count + len(lines) >= probe.hits

    def read(self, probe_id: str, after: int, limit: int) -> list[Hit]:
        """The hits above a number, at most `limit`; what is damaged is left out."""
        found: list[Hit] = []
        try:
            stream = self._hits_file(probe_id).open("rb")
        except OSError:
            return found
        with stream:
            for number, line in enumerate(stream, 1):
                if number > after and line.endswith(b"\n"):
                    with suppress(msgspec.MsgspecError):
                        found.append(msgspec.json.decode(line, type=Hit))
                if len(found) >= limit:
                    break
        return found

    def count(self, probe_id: str) -> int:
        """How many hits are there."""
        try:
            return self._hits_file(probe_id).read_bytes().count(b"\n")
        except OSError:
            return 0


def _tail(path: Path, start: int) -> bytes:
    """What a file holds from an offset on."""
    with path.open("rb") as stream:
        stream.seek(start)
        return stream.read()


def is_id(text: str) -> bool:
    """Whether a text is the id of a probe, which names files."""
    return len(text) == 8 and all(char in "0123456789abcdef" for char in text)


def process_name() -> str:
    """Names this process among those of all machines that share the folder."""
    return f"{machine()}.{_getpid()}"


@contextmanager
def locked(path: Path) -> Iterator[int]:
    """A file that is appended to, and nobody else may meanwhile; never waited for in a thread of the service."""
    import fcntl  # of POSIX systems

    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        # Not by closing alone: a child that was forked meanwhile would hold it.
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)
