"""Exploring in a run: the explorer of its project, and what makes it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..judge.oracle import Oracle
from ..locate.locate import Locating
from .class_judge import Accepts
from .options import Project
from .plan import groups_of

if TYPE_CHECKING:
    from ..explore.explorer import Explorer

KEPT_BELOW = (".runtime", "explored")
"""Folder below the project's root that keeps inputs which differed, for the next run."""


def make_explorer(project: Project, oracle: Oracle, locating: Locating, *, examples: int, accepts: Accepts) -> Explorer:
    """Explores beside the recorded inputs, `examples` of them for each function; to be stopped afterwards."""
    from ..explore.explorer import Explorer  # Hypothesis is loaded with it

    names = {(group.stored.entry, group.stored.path): group.name.words for group in groups_of(project.reader)}
    return Explorer(
        project.setup,
        project.reader,
        oracle,
        settles=project.rules,
        locate=locating.place,
        words=lambda entry, path: names.get((entry, path), ""),
        examples=examples,
        keep=Path(project.setup.root, *KEPT_BELOW),
        is_accepted=accepts,
    )
