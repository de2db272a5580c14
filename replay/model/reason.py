"""Why a trace cannot be judged: a cause that many traces may share, and the one thing to do about it."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

NOT_AS_RECORDED = "base does not replay as recorded"

CauseKind: TypeAlias = Literal[
    "",
    "gone",
    "changed",
    "input",
    "refused",
    "unrecorded",
    "redacted",
    "state",
    "path",
    "recording",
    "application",
    "candidate",
    "unexplained",
]
"""What the cause is about. Empty where nothing is wrong; `recording` where the baseline itself lacks something,
`application` where base cannot be made to answer at all, `candidate` where base replays as recorded and the candidate
alone gives nothing to judge."""


class Why(msgspec.Struct, frozen=True, array_like=True):
    """Why base does not speak for a trace; falsy where it does."""

    kind: CauseKind = ""
    cause: str = ""
    """In words, the same for all traces that share it: ``computes with the redacted cookie `session` ``."""
    difference: str = ""
    """The first thing that base's replay shows and the recording does not: `recorded 200, replayed 401`."""
    cure: str = ""
    """What to do about it."""

    def __bool__(self) -> bool:
        return self.kind != ""

    @property
    def sentence(self) -> str:
        """The whole reason, for one trace."""
        if not self:
            return ""
        said = "" if self.kind in ("recording", "application", "candidate") else NOT_AS_RECORDED
        parts = [said, self.difference, self.cause]
        return ": ".join(part for part in parts if part)


CURES: dict[CauseKind, str] = {
    "gone": "record again: the baseline is older than base",
    "changed": "record again, or accept the change of base in runtime-accepted.toml (--runtime-accept)",
    "input": (
        "name entries that take plain values (entries = [...]), or let what cannot be rebuilt be made by included code"
    ),
    "refused": 'declare the function that reaches out as a boundary: boundaries = ["package.module.function"]',
    "unrecorded": "record traffic in which base itself makes this call, or declare it under boundaries = [...]",
    "redacted": (
        "the value is not in the baseline; where it may be stored, name it under keep = [...] in "
        "[tool.pytest-runtime.redact] and record again"
    ),
    "state": (
        "make that state when the module is imported, in the application's factory (app = ...), or in an entry of the "
        "recording, so that a replay makes it too"
    ),
    "path": "replay one by itself and look: pytest --runtime-baseline=NAME --runtime-trace ID --pdb",
    "unexplained": "replay one by itself and look: pytest --runtime-baseline=NAME --runtime-trace ID --pdb",
    "recording": "record it again",
    "candidate": "see what the change does there: pytest --runtime-baseline=NAME --runtime-trace ID --pdb",
}
"""The one thing to do about each kind of cause."""


def why(kind: CauseKind, cause: str, difference: str = "") -> Why:
    """A cause with the cure of its kind."""
    return Why(kind, cause, difference, CURES.get(kind, ""))
