"""Which entries are recorded, and which are not because of the budget.

Everything is recorded of a process that serves nobody: a script, a test suite, a job. Only what repeats itself there,
an entry whose last `REPEATS` traces showed no new path, is held to a share of CPU, a generous one.

A server has a budget: a number of traces a second, beside what is new. New is an entry that was never seen, and one
whose recorded traces went on to show paths that were not known: it is recorded whole until `QUIET` traces in a row
showed none. What a rarer path then still has as a chance is below one in `QUIET` (the Good-Turing estimate: of n traces
the share of paths that were seen once is the chance that the next one is new; I. J. Good, Biometrika 40, 1953). Over
both stands the governor, which holds the CPU of the recorder: what is new comes first there too.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Hashable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..options import Sample
    from .governor import Governor

_monotonic = time.monotonic

DEFAULT_RATE = 10.0
"""Traces a second and process of a server, where the configuration names no number."""

BURST = 10.0
"""Seconds of allowance that add up while nothing is recorded."""

QUIET = 50
"""Traces of an entry in a row without a new path after which the budget holds for it."""

REPEATS = 1000
"""The same for a process that serves nobody."""

NOVEL_LIMIT = 4096
"""Entry names remembered as seen; a service with more of them has ids in its names."""


class _Ungoverned:
    """Stands where nobody looks at the CPU."""

    def may_open(self, *, novel: bool) -> bool:
        return True

    def opened(self) -> None:
        """Nothing to remember."""

    def serve(self) -> None:
        """Nothing changes."""


WINDOW_ROUNDS = 50
"""Rounds of the collector of which entries are looked for in one, where a budget holds."""


class Windows:
    """When functions are looked for as entries: always, or in a server now and then, because looking costs every call
    of included code a little. Requests are entries of a boundary, and need no window."""

    def __init__(self, sampler: Sampler) -> None:
        self._sampler = sampler
        self._rounds = itertools.count()

    def opens(self) -> bool:
        """Whether entries are looked for in the round that begins."""
        return not self._sampler.is_budgeted or next(self._rounds) % WINDOW_ROUNDS == 0


class Sampler:
    """Decides for each run of an entry whether it is recorded."""

    def __init__(self, sample: Sample, governor: Governor | None = None) -> None:
        """`auto`: the default rate once the process serves; `all`: everything; a number: that rate, for all entries.

        The governor is asked where there is a budget; where everything is recorded it holds nothing, and reports.
        """
        self._governor: Governor | _Ungoverned = governor if governor is not None else _Ungoverned()
        self._everything = sample == "all"
        self._budgeted = sample not in ("all", "auto")
        """Whether the budget holds already: one that was asked for does from the start."""
        if self._budgeted:
            self._governor.serve()
        self._per_second = DEFAULT_RATE if isinstance(sample, str) else sample
        self._next = _monotonic() - BURST
        """When the rate would allow the next trace, had it been used up to the full; see `_within_rate`."""
        self._allowed: dict[Hashable, int] = {}
        """Entry → traces that it may still have as a novelty."""
        self._repeats: dict[Hashable, int] = {}
        """Entry → traces without a new path that it may still have in a process that serves nobody."""
        self.held = 0
        """Runs that may have shown something new and were not recorded because of the CPU."""

    def admit(self, key: Hashable, *, served: bool = False) -> bool:
        """Whether to record this run of the entry `key`; `served` says that a client on the other side asked for it."""
        if served and not (self._everything or self._budgeted):
            self._budgeted = True
            self._governor.serve()
        admitted = self._everything or (self._within_budget(key) if self._budgeted else self._is_worth_it(key))
        if admitted:
            self._governor.opened()
        return admitted

    @property
    def is_budgeted(self) -> bool:
        """Whether a budget holds: then entries are looked for now and then only."""
        return self._budgeted

    def _is_worth_it(self, key: Hashable) -> bool:
        """Of a process that serves nobody: what may be new, and what a generous share of CPU allows of the rest."""
        left = self._repeats.get(key, REPEATS)
        if not left:
            return self._governor.may_open(novel=False)
        if len(self._repeats) < NOVEL_LIMIT or key in self._repeats:
            self._repeats[key] = left - 1
        return True

    def _within_budget(self, key: Hashable) -> bool:
        allowed = self._allowed.get(key)
        if allowed is None and len(self._allowed) < NOVEL_LIMIT:
            allowed = QUIET
        if not allowed:
            return self._governor.may_open(novel=False) and self._within_rate()
        if not self._governor.may_open(novel=True):
            self.held += 1
            return False
        self._allowed[key] = allowed - 1
        return True

    def found_path(self, key: Hashable) -> None:
        """A recorded run of an entry took a path that was not known: there may be more of them."""
        if key in self._allowed:
            self._allowed[key] = QUIET
        if key in self._repeats:
            self._repeats[key] = REPEATS

    def _within_rate(self) -> bool:
        """One of the traces that the rate allows; what was not used adds up for a while.

        The generic cell rate algorithm in its form of virtual scheduling (ITU-T I.371): one number, and so no lock, for
        which a handler of a signal could wait for ever. Two threads at once may have one trace too many.
        """
        if not self._per_second:
            return False
        now, interval = _monotonic(), 1.0 / self._per_second
        following = max(self._next, now - max(BURST, interval)) + interval
        if following > now:
            return False
        self._next = following
        return True
