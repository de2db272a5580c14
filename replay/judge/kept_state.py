"""State that the candidate keeps between calls, and base does not: a replay that differs only after other replays.

Base is replayed warm and alone when it is sealed, and comes out the same. So where the candidate differs in the warm
process and not in a fresh one, something that the change brought survives a call: a mutable default, a list in a class
body, a cache that hands out what it keeps, a cache whose key is too short.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from ..model.job import Job, Observed

KEPT_STATE = (
    "state that the candidate keeps between calls: it differs only after {after} in the same process "
    "(a mutable default, a list in a class body, a cache that hands out what it keeps, a cache key that is too short)"
)

HISTORY = 200
"""Replays of the warm process that are remembered: each costs its part of a second when they are repeated."""

SINGLY = 12
"""Latest replays that are each tried alone as the one that leaves the state behind: each costs a fork and two
replays, and one of the last few nearly always is."""


class After(NamedTuple):
    """What a trace shows after others."""

    jobs: tuple[Job, ...]
    observed: Observed


class KeptState:
    """Remembers what the candidate's warm process replayed, and repeats it."""

    def __init__(self, once: Callable[[Job], Observed], ask_base: Callable[[Job], Observed | None]) -> None:
        """`once` replays a job on the candidate, `ask_base` on base where there is one."""
        self._once = once
        self._ask_base = ask_base
        self._history: list[Job] = []

    def saw(self, job: Job, observed: Observed) -> None:
        """Remember a replay of the candidate; a process that ended forgets."""
        if job.fresh:
            return
        if observed.ended in ("hung", "crashed"):
            self._history.clear()
            return
        self._history.append(job)
        del self._history[:-HISTORY]

    def after(self, job: Job, differs: Callable[[Observed], bool]) -> After | None:
        """The fewest earlier replays after which a trace still differs; `None` where it does not differ again, or
        where base differs after them as well. `differs` says of a replay of the candidate whether it does."""
        before = self._before(job)
        shown = self._repeated(job, before)
        if not before or not differs(shown):
            return None
        found = After(tuple(before), shown)
        for earlier in reversed(before[-SINGLY:]):
            alone = self._repeated(job, [earlier])
            if differs(alone):
                found = After((earlier,), alone)
                break
        return found if self._is_candidates_own(job, found) else None

    def _before(self, job: Job) -> list[Job]:
        """What the warm process had replayed when it came to a trace."""
        names = [earlier.trace for earlier in self._history]
        if job.trace not in names:
            return []
        last = len(names) - 1 - names[::-1].index(job.trace)
        return self._history[:last]

    def _repeated(self, job: Job, before: list[Job]) -> Observed:
        return self._once(msgspec.structs.replace(job, fresh=True, preceding=[_bare(earlier) for earlier in before]))

    def _is_candidates_own(self, job: Job, found: After) -> bool:
        """Whether base, after the same replays, shows what it shows alone."""
        preceding = [_bare(earlier) for earlier in found.jobs]
        asked = msgspec.structs.replace(job, fresh=True, preceding=preceding)
        base = self._ask_base(asked)
        return base is not None and base.matched


def _bare(job: Job) -> Job:
    """A job of which only what it leaves behind is wanted."""
    return msgspec.structs.replace(job, fresh=False, traced=False, lines=False, probe=b"", preceding=[])
