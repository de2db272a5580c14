"""Acceptances in a run: what is proposed, what was met, and what nothing matches any more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..change.base import Base
from ..change.files import ACCEPTANCES, read_at
from ..judge.acceptance import Acceptance, Applied, ClassKey, apply, judged_classes, merge, propose
from ..model.verdict import ClassVerdict
from .exploration import as_class, to_accept
from .options import RunOptions, RunProject
from .plan import Group
from .result import Acceptances

if TYPE_CHECKING:
    from ..model.finding import Explored


class Reviewed(NamedTuple):
    """Verdicts with the acceptances taken into account, and what of these was met."""

    verdicts: tuple[ClassVerdict, ...]
    acceptances: Acceptances


def reviewed(
    project: RunProject,
    options: RunOptions,
    groups: Iterable[Group],
    base: Base | None,
    verdicts: Sequence[ClassVerdict],
    explored: Sequence[Explored],
) -> Reviewed:
    """What was replayed and explored, reviewed: proposals are acceptances already."""
    proposed = proposals(options, verdicts, explored)
    known = tuple(merge(project.acceptances, proposed)) if proposed else project.acceptances
    findings = [as_class(finding) for target in explored for finding in target.findings]
    whole = apply([*verdicts, *findings], known)
    applied = whole._replace(verdicts=whole.verdicts[: len(verdicts)])
    unmatched = _unmatched(applied, options, {(group.stored.entry, group.stored.path) for group in groups})
    at_base = _accepted_at(project, base) if unmatched else frozenset()
    return Reviewed(
        applied.verdicts,
        Acceptances(
            all=known,
            proposed=tuple(proposed),
            used=applied.used,
            unmatched=tuple(acceptance for acceptance in unmatched if acceptance.identity not in at_base),
            settled=tuple(acceptance for acceptance in unmatched if acceptance.identity in at_base),
        ),
    )


def proposals(options: RunOptions, verdicts: Iterable[ClassVerdict], explored: Sequence[Explored]) -> list[Acceptance]:
    """Acceptances of exactly what differs, where the run was asked for them."""
    if options.accept is None:
        return []
    strict = options.explore is not None and options.explore.strict
    found = propose(to_accept(explored, strict=strict), options.accept, explored=True)
    return [*propose(verdicts, options.accept), *found]


def _unmatched(applied: Applied, options: RunOptions, known: set[ClassKey]) -> list[Acceptance]:
    """Acceptances that nothing matches; a run that does not explore cannot miss those of explored inputs."""
    judged = frozenset() if options.trace else judged_classes(applied.verdicts)
    explores = options.explore is not None
    return [acceptance for acceptance in applied.unmatched(judged, known) if explores or not acceptance.explored]


def _accepted_at(project: RunProject, base: Base | None) -> frozenset[tuple[str, ...]]:
    data = read_at(base, [ACCEPTANCES]).get(ACCEPTANCES, b"") if base is not None else b""
    return frozenset(acceptance.identity for acceptance in project.parse_acceptances(data))
