"""Suspects: what separates failing from passing traces, ranked, and as few of them as explain all failures."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence

import msgspec

from ...recorders.errors import RuntimeBaselineError
from .condition import Condition
from .facts import Facts
from .predicates import Predicate, PredicateKind, Predicates, both, predicates_of
from .separation import Certainty, Table, certainty_of

SHOWN = 10
"""Suspects that are ranked: an eleventh was never the cause that anybody looked for."""

DOUBTFUL_SHOWN = 4
"""Suspects that are shown where chance explains all of them."""

SMALLEST_SET = 4
"""Suspects of a set at most: what takes more to explain is not explained."""

COVERS = 0.9
"""Share of the failing traces that each of a pair is true of: what is true of fewer is a cause of its own."""

PAIRED = 40
"""Single ones that are paired, the best: 780 pairs, which chance has to be divided by."""

GAIN = 0.05
"""How much better than the best single one a pair must be: any second condition makes some difference."""

PURE = 0.85
"""Ochiai of a pair from which on it is worth a line: two conditions together are easily a little better than one."""

PAIRS_SHOWN = 3

SIGNIFICANT = 0.05
"""Chance, after the number of tries, up to which a suspect may stand in a set."""


class Suspect(msgspec.Struct, frozen=True, kw_only=True):
    """Something that failing traces have and passing ones have not."""

    text: str
    kind: PredicateKind
    function: str
    line: int
    """Where the branch stood when it was recorded; 0 where it is none."""
    path: str
    failing: int
    """Failing traces of which it is true."""
    passing: int
    ochiai: float
    increase: float
    increase_at_least: float
    """The lower end of the interval of 95 %."""
    chance: float
    """Probability that as good a one of all that were tried comes by chance, at most 1."""
    certainty: Certainty
    also: tuple[str, ...]
    """Others that are true of the very same traces: which of them is the cause, traffic cannot say."""
    follows: tuple[str, ...] = ()
    """Several others that lead to it, each in some of its traces: it follows from them."""


class Separation(msgspec.Struct, frozen=True, kw_only=True):
    """What separates failing from passing traces."""

    failing: int
    passing: int
    tried: int
    """Branches, functions, values and bounds that were tried."""
    suspects: tuple[Suspect, ...]
    smallest_set: tuple[str, ...]
    """As few suspects as are true of all failing traces, each beyond chance; empty where there are none."""
    explained: int
    """Failing traces of which one of these is true."""
    caution: str
    """Why nobody should be too certain; empty where there is no reason."""


class NothingToSeparate(RuntimeBaselineError):
    """All traces fail, or none does."""


def separation_of(facts: Sequence[Facts], fails: Condition) -> Separation:
    """What separates the traces that a condition is true of; raises `NothingToSeparate`, `ConditionProblem`."""
    failing = frozenset(at for at, trace in enumerate(facts) if fails.holds(trace))
    _check_both(len(failing), len(facts), fails)
    predicates = predicates_of(facts, failing, fails)
    together = _pairs(predicates.found, failing, len(facts))
    tried = predicates.tried + together.tried
    ranked = _ranked([*predicates.found, *together.found], failing, len(facts), tried)
    chosen = _smallest_set(ranked, failing)
    covered = frozenset().union(*(members.holds & failing for _suspect, members in chosen)) if chosen else frozenset()
    return Separation(
        failing=len(failing),
        passing=len(facts) - len(failing),
        tried=tried,
        suspects=tuple(
            _shown([suspect for suspect, _predicate in ranked], [suspect for suspect, _predicate in chosen])
        ),
        smallest_set=tuple(suspect.text for suspect, _predicate in chosen),
        explained=len(covered),
        caution=_caution(len(failing), len(facts) - len(failing), ranked),
    )


def _shown(ranked: Sequence[Suspect], chosen: Sequence[Suspect]) -> Sequence[Suspect]:
    """Those of the smallest set, then others beyond chance; where none is, the first few, which say so."""
    others = [suspect for suspect in ranked if suspect.chance <= SIGNIFICANT and suspect not in chosen]
    return [*chosen, *others][:SHOWN] or ranked[:DOUBTFUL_SHOWN]


def _pairs(predicates: Sequence[Predicate], failing: frozenset[int], traces: int) -> Predicates:
    """Pairs that separate better together than either alone; none where one alone separates wholly."""

    def score(predicate: Predicate) -> float:
        return _table(predicate, failing, traces).ochiai

    covering = {predicate.holds: predicate for predicate in sorted(predicates, key=_precedence, reverse=True)}
    usable = [found for found in covering.values() if len(found.holds & failing) >= COVERS * len(failing)]
    best = max(map(score, usable), default=0.0)
    usable = sorted((found for found in usable if len(found.holds) < traces), key=score, reverse=True)[:PAIRED]
    if best == 1.0 or len(usable) < 2:
        return Predicates((), 0)
    pairs = [both(one, other) for one, other in itertools.combinations(usable, 2)]
    better = sorted((pair for pair in pairs if score(pair) > max(best + GAIN, PURE)), key=score, reverse=True)
    return Predicates(tuple(better[:PAIRS_SHOWN]), len(pairs))


def _check_both(failing: int, traces: int, fails: Condition) -> None:
    if not traces:
        raise NothingToSeparate("no trace was looked at: the baseline is empty, or the scope leaves none")
    if not failing:
        raise NothingToSeparate(f"none of {traces} traces fails: {fails.text} is true of none")
    if failing == traces:
        raise NothingToSeparate(
            f"all {traces} traces fail, and there is none to compare with: {fails.text} is true of all. Widen the scope"
        )


def _ranked(
    predicates: Iterable[Predicate], failing: frozenset[int], traces: int, tried: int
) -> list[tuple[Suspect, Predicate]]:
    """Suspects with those first that separate best; those that are true of the same traces as one."""
    same: dict[frozenset[int], list[Predicate]] = {}
    for predicate in predicates:
        if predicate.holds & failing and len(predicate.holds) < traces:
            same.setdefault(predicate.holds, []).append(predicate)
    ranked: list[tuple[Suspect, Predicate]] = []
    for members in same.values():
        tables = {predicate: _table(predicate, failing, traces) for predicate in members}
        # What is reached in failing traces alone lies inside what failed: another that is true there comes before it.
        first, *others = sorted(
            members, key=lambda predicate: (tables[predicate].increase[0] <= 0, _precedence(predicate))
        )
        table = tables[first]
        if table.ochiai > _ochiai_of_all(len(failing), traces) or table.increase[1] > 0:
            ranked.append((_suspect(first, others, table, tried), first))
    followed = [(_with_causes(suspect, predicate, ranked), predicate) for suspect, predicate in ranked]
    return sorted(followed, key=_rank)


def _rank(pair: tuple[Suspect, Predicate]) -> tuple[bool, bool, float, int, str]:
    suspect, predicate = pair
    return suspect.chance > SIGNIFICANT, bool(suspect.follows), -round(suspect.ochiai, 6), predicate.order, suspect.text


def _with_causes(suspect: Suspect, predicate: Predicate, every: Sequence[tuple[Suspect, Predicate]]) -> Suspect:
    """A suspect with those that lead to it, where there are some: each true of some of its traces and of no passing
    one, together of all of them, and met before it. A handler of errors is met by several causes."""
    if suspect.passing:
        return suspect
    within = [
        (other, known)
        for other, known in every
        if not other.passing
        and known.holds < predicate.holds
        and known.order < predicate.order
        and other.chance <= SIGNIFICANT
        and other.kind != "both"
    ]
    left = predicate.holds
    chosen = []
    for other, known in sorted(within, key=lambda pair: (-len(pair[1].holds), pair[1].order)):
        if known.holds & left:
            chosen.append(other.text)
            left -= known.holds
    return suspect if left or not chosen else msgspec.structs.replace(suspect, follows=tuple(chosen))


def _ochiai_of_all(failing: int, traces: int) -> float:
    """What is true of all traces has this: below, it may be the cause of a few failures alone."""
    return math.sqrt(failing / traces)


_KINDS: dict[PredicateKind, int] = {"branch": 0, "value": 1, "number": 1, "presence": 2, "function": 3, "both": 4}


def _precedence(predicate: Predicate) -> tuple[int, int, int, str]:
    """Of those that say the same: what was found in the environment first, then branches, which have a place."""
    found = predicate.path.startswith(("environment", "commit", "python", "baseline", "state"))
    outside = predicate.path.startswith("exchanges") or predicate.path.startswith("len(exchanges")
    rank = 0 if found else 1 if outside and predicate.path.endswith(".error") else 2 + _KINDS[predicate.kind]
    return rank, len(predicate.path), predicate.order, predicate.text


def _table(predicate: Predicate, failing: frozenset[int], traces: int) -> Table:
    inside, reached = len(predicate.holds & failing), len(predicate.reached & failing)
    return Table(
        inside,
        len(predicate.holds) - inside,
        len(failing),
        traces - len(failing),
        reached,
        len(predicate.reached) - reached,
    )


def _suspect(first: Predicate, others: Sequence[Predicate], table: Table, tried: int) -> Suspect:
    increase, at_least = table.increase
    chance = min(1.0, table.chance * max(tried, 1))
    return Suspect(
        text=first.text,
        kind=first.kind,
        function=first.function,
        line=first.line,
        path=first.path,
        failing=table.failing_with,
        passing=table.passing_with,
        ochiai=round(table.ochiai, 4),
        increase=round(increase, 4),
        increase_at_least=round(at_least, 4),
        chance=chance,
        certainty=certainty_of(table.chance, tried),
        also=tuple(dict.fromkeys(_placed(other) for other in others)),
    )


def _placed(predicate: Predicate) -> str:
    return f"{predicate.text} ({predicate.function}:{predicate.line})" if predicate.line else predicate.text


def _smallest_set(
    ranked: Sequence[tuple[Suspect, Predicate]], failing: frozenset[int]
) -> list[tuple[Suspect, Predicate]]:
    """A set of those that are true of no passing trace, where they explain all failing ones; else of any."""
    usable = [pair for pair in ranked if pair[0].chance <= SIGNIFICANT and not pair[0].follows]
    pure = _eliminated([pair for pair in usable if not pair[0].passing], failing)
    if pure and not failing.difference(*(predicate.holds for _suspect, predicate in pure)):
        return pure
    return _eliminated([pair for pair in usable if pair[0].failing > 2 * pair[0].passing], failing)


def _eliminated(
    usable: Sequence[tuple[Suspect, Predicate]], failing: frozenset[int]
) -> list[tuple[Suspect, Predicate]]:
    """Take the suspect that explains most, take away what it explains, and go on (Liblit's elimination)."""
    left = failing
    chosen: list[tuple[Suspect, Predicate]] = []
    while left and usable and len(chosen) < SMALLEST_SET:
        best = max(usable, key=lambda pair: (len(pair[1].holds & left), -pair[0].passing, pair[0].ochiai))
        if not best[1].holds & left:
            break
        chosen.append(best)
        left -= best[1].holds
    return chosen


def _caution(failing: int, passing: int, ranked: Sequence[tuple[Suspect, Predicate]]) -> str:
    if not ranked:
        return "nothing that was recorded separates them: the cause may lie in what was not recorded"
    if ranked[0][0].certainty == "may be chance":
        few = min(failing, passing)
        return f"with {few} {'failing' if failing < passing else 'passing'} trace(s) chance explains each of these"
    if ranked[0][0].also:
        return "several things are true of the very same traces: traffic alone cannot tell cause from what follows"
    return ""
