"""What a run is given: the project with its baseline and its reviewed statements, and what is asked of the run."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from ...recorders.store.protocol import BaselineReader
from ..change.versions import Versions
from ..compare.tolerance import NO_RULES, Rules
from ..judge.acceptance import Acceptance
from ..judge.blindness import Blindness
from ..judge.processes import candidate_process
from ..judge.sealing import Runner
from ..judge.setup import Setup
from .shards import Shard

MakeCandidate: TypeAlias = Callable[[Setup, BaselineReader, Versions], Runner]
"""Makes the working tree's runner; it is not loaded yet."""


def _no_rules(_entry: str) -> Rules:
    return NO_RULES


def _no_acceptances(_data: bytes) -> tuple[Acceptance, ...]:
    return ()


class RunProject(NamedTuple):
    """The project under test, as a run knows it."""

    setup: Setup
    reader: BaselineReader
    """The baseline; the run closes it."""
    rules: Callable[[str], Rules] = _no_rules
    """Makes the project's own rules of comparison for an entry."""
    acceptances: tuple[Acceptance, ...] = ()
    parse_acceptances: Callable[[bytes], tuple[Acceptance, ...]] = _no_acceptances
    """Reads the acceptances of another revision; a file that cannot be read holds none."""
    blindness: tuple[Blindness, ...] = ()
    make_candidate: MakeCandidate = candidate_process


class ExploreOptions(NamedTuple):
    """How to explore."""

    examples: int
    """Inputs that are tried for each function."""
    strict: bool = False
    """Whether far inputs count as differences too."""
    is_required: bool = False
    """Whether a run that cannot explore is an error."""


class RunOptions(NamedTuple):
    """What is asked of a run."""

    trace: str = ""
    """Narrow the run to traces whose id begins so."""
    everything: bool = False
    """Replay every trace, also those that no change reaches."""
    accept: str | None = None
    """The reason with which what differs is proposed as intended."""
    require_reached: float | None = None
    """Percent of the changed lines that replays must reach."""
    explore: ExploreOptions | None = None
    """`None`: nothing but the recorded inputs."""
    renew_seal: bool = False
    """Whether base is sealed anew, also where a seal of it is at hand."""
    all_lines: bool = False
    """Note every line that a replay runs."""
    located: bool = True
    """Look where divergences begin."""
    plain_tests: bool = False
    """Write a test for each divergence."""
    shard: Shard | None = None
    """The part of the path classes and targets that is this run's; `None` for all."""
