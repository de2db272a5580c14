"""Exploring in a run: the explorer of its project, and what makes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from ...recorders.store.protocol import BaselineReader
from ..compare.tolerance import Rules
from ..judge.judge import Case, Judgement
from ..judge.oracle import Oracle
from ..judge.setup import Setup
from ..locate.locate import Locating
from ..model.progress import Say, say_nothing
from ..model.verdict import Location
from .class_judge import Accepts
from .options import RunProject
from .plan import groups_of

if TYPE_CHECKING:
    from ..explore.analyze.targets import Target
    from ..explore.explorer import Explorer


class ExploredRun(NamedTuple):
    """A run that is prepared and loaded, as exploring sees it."""

    setup: Setup
    reader: BaselineReader
    oracle: Oracle
    rules: Callable[[str], Rules]
    locate: Callable[[Case, Judgement], Location | None]
    words: Mapping[tuple[str, str], str]
    progress: Say
    at_end: Callable[[Callable[[], None]], object]

    def path_words(self) -> Mapping[tuple[str, str], str]:
        """(entry, path) → the path class in words."""
        return self.words


def make_explorer(
    project: RunProject,
    oracle: Oracle,
    locating: Locating,
    *,
    examples: int,
    accepts: Accepts,
    at_end: Callable[[Callable[[], None]], object],
    progress: Say = say_nothing,
) -> Explorer:
    """Explores beside the recorded inputs, `examples` of them for each function; `at_end` takes what ends it."""
    from ..explore.explorer import Explorer  # Hypothesis is loaded with it

    words = {(group.stored.entry, group.stored.path): group.name.words for group in groups_of(project.reader)}
    run = ExploredRun(project.setup, project.reader, oracle, project.rules, locating.place, words, progress, at_end)
    return Explorer(run, examples=examples, is_accepted=accepts)


def targets_of_change(oracle: Oracle, reader: BaselineReader) -> tuple[Target, ...]:
    """What there is to explore for a change; nothing without base."""
    from ..explore.analyze.targets import targets_of

    return tuple(targets_of(oracle, reader))
