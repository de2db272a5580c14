"""The audit log of probes: who placed what where, who read and removed it, what became of it.

One line of JSON for each, only ever added to, under a lock. Each has the digest of the line before it and its own, so
that a line which is changed, taken out or put in breaks the chain there. Whoever may write the file can write a whole
new chain, or cut its end off: keep a copy of the last digest elsewhere where that matters.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from ..errors import ProbeError
from .folder import ProbeFolder, locked
from .model import AuditLine, Probe

FILE: Final = "audit.log"


def note(folder: ProbeFolder, what: Any, by: str, probe: Probe, *, at: float, hits: int = 0, reason: str = "") -> None:
    """Add a line; raises `ProbeError` where that fails: then what it says must not be done."""
    line = AuditLine(
        at=at,
        what=what,
        by=by,
        probe=probe.id,
        kind=probe.kind,
        place=probe.place,
        condition=probe.condition,
        text=probe.text,
        hits=hits,
        reason=reason,
        before="",
        digest="",
    )
    path = folder.path / FILE
    try:
        with locked(path) as descriptor:
            line = msgspec.structs.replace(line, before=_last_digest(path))
            line = msgspec.structs.replace(line, digest=digest_of(line))
            os.write(descriptor, msgspec.json.encode(line) + b"\n")
            os.fsync(descriptor)
    except (OSError, msgspec.MsgspecError) as error:
        raise ProbeError(f"the audit log {path} cannot be written: {error}. Nothing is done without it") from error


def digest_of(line: AuditLine) -> str:
    """The digest of a line: of all that it says, and of the line before."""
    data = msgspec.json.encode(msgspec.structs.replace(line, digest=""))
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def _last_digest(path: Path) -> str:
    with path.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - 16_384))
        last = stream.read().splitlines()
    return msgspec.json.decode(last[-1], type=AuditLine).digest if last else ""


def read_audit(folder: ProbeFolder) -> tuple[list[AuditLine], str]:
    """All lines, and what is wrong with them: empty where the chain holds."""
    try:
        data = (folder.path / FILE).read_bytes()
    except FileNotFoundError:
        return [], ""
    except OSError as error:
        return [], f"{folder.path / FILE} cannot be read: {error.strerror}"
    lines: list[AuditLine] = []
    for number, text in enumerate(data.splitlines(), 1):
        try:
            lines.append(msgspec.json.decode(text, type=AuditLine))
        except msgspec.MsgspecError:
            return lines, f"line {number} is damaged"
    return lines, _broken(lines)


def _broken(lines: Sequence[AuditLine]) -> str:
    before = ""
    for number, line in enumerate(lines, 1):
        if line.digest != digest_of(line):
            return f"line {number} was changed"
        if line.before != before:
            return f"line {number} does not follow the one before it: something was taken out, or put in"
        before = line.digest
    return ""
