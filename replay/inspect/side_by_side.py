"""Variables of many traces side by side: the same in all, differing, or differing exactly between groups."""

from __future__ import annotations

import decimal
import itertools
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias

import msgspec

from ...recorders.model.value_tree import Tree, encode
from ..model.render import short
from .condition import Condition
from .facts import GIVEN, SHOWN, Facts
from .recorded_values import plain
from .separation import Certainty, certainty_of

WIDTH = 40
"""Characters of a value in a cell."""

FEW = 3
"""Values of a group that are named; of more the range, or their number."""

Kind: TypeAlias = Literal["separating", "differing", "same"]
Origin: TypeAlias = Literal["given", "asked", "computed", "shown"]
"""What came in or was found; what other systems were asked and said; what functions gave; what the caller saw."""

ABSENT = ""

TWINS = 6
"""Pairs of traces with the same input that are shown."""


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One variable over all traces."""

    path: str
    kind: Kind
    origin: Origin
    groups: dict[str, str]
    """Group → its values in words; one entry under an empty name where there are no groups."""
    certainty: Certainty | None = None
    """Of a separating one: whether chance may have done it."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One trace."""

    trace: str
    group: str
    entry: str
    baseline: str
    values: tuple[str, ...]
    """In the order of the columns that are shown; empty where it has none."""


class Twins(msgspec.Struct, frozen=True, kw_only=True):
    """Traces of two groups that were given the same, and whose callers saw something else."""

    given: str
    groups: tuple[str, str]
    traces: tuple[str, str]
    shown: tuple[str, str]


class SideBySide(msgspec.Struct, frozen=True, kw_only=True):
    """Traces side by side."""

    group: str
    """The condition or expression that groups them; empty for none."""
    groups: dict[str, int]
    """Group → traces."""
    columns: tuple[Column, ...]
    """Separating ones first, then differing ones: what came in before what the caller saw."""
    shown: tuple[str, ...]
    """The paths of the columns of the rows."""
    rows: tuple[Row, ...]
    """Some of the traces, of each group in turn."""
    twins: tuple[Twins, ...]
    """Some that were given the same and showed something else."""
    traces: int
    kept: int
    """Kept traces that could have been looked at."""

    def of(self, kind: Kind) -> list[Column]:
        """The columns of a kind."""
        return [column for column in self.columns if column.kind == kind]


def side_by_side(
    facts: Sequence[Facts],
    group: Condition | None = None,
    *,
    pick: Sequence[str] = (),
    rows: int = 12,
    columns: int = 8,
    kept: int = 0,
) -> SideBySide:
    """Some traces side by side, in groups by the value of a condition; `pick` chooses columns by the ends of their
    paths, in its order; at most `rows` and `columns` of single traces are shown. Raises `ConditionProblem`."""
    names = [group.group(trace) if group is not None else "" for trace in facts]
    values = [trace.columns() for trace in facts]
    paths = list(dict.fromkeys(path for row in values for path in row))
    if group is not None:
        paths = [path for path in paths if path != group.text]
    if pick:
        paths = [path for wanted in pick for path in paths if _is_picked(path, wanted)]
    texts = {path: [_text(row, path) for row in values] for path in paths}
    found = [_column(path, texts[path], [row.get(path) for row in values], names, len(paths)) for path in paths]
    ordered = found if pick else sorted(found, key=lambda column: _rank(column, group))
    shown = [column.path for column in ordered if column.kind != "same" or pick][:columns]
    return SideBySide(
        group=group.text if group is not None else "",
        groups=dict(Counter(names)),
        columns=tuple(ordered),
        shown=tuple(shown),
        rows=tuple(
            Row(
                trace=facts[at].id,
                group=names[at],
                entry=facts[at].entry,
                baseline=facts[at].baseline,
                values=tuple(texts[path][at] for path in shown),
            )
            for at in _in_turn(names, rows)
        ),
        twins=tuple(itertools.islice(_twins(facts, names), TWINS)) if group is not None and not pick else (),
        traces=len(facts),
        kept=kept or len(facts),
    )


def _twins(facts: Sequence[Facts], names: Sequence[str]) -> Iterator[Twins]:
    """Traces of different groups with equal inputs and unequal outcomes, one pair an input."""
    seen: dict[bytes, tuple[int, bytes]] = {}
    told: set[bytes] = set()
    for at, trace in enumerate(facts):
        given = trace.given()
        key, shown = encode(given), encode(trace.shown())
        first, before = seen.setdefault(key, (at, shown))
        if names[first] != names[at] and before != shown and key not in told:
            told.add(key)
            one, other = facts[first], trace
            yield Twins(
                given=short(given, 2 * WIDTH),
                groups=(names[first], names[at]),
                traces=(one.id, other.id),
                shown=(short(one.shown(), 2 * WIDTH), short(other.shown(), 2 * WIDTH)),
            )


def origin_of(path: str) -> Origin:
    """Where a variable belongs."""
    inner = path.removeprefix("len(")
    root = inner.partition(".")[0].partition("[")[0].rstrip(")")
    if root in GIVEN:
        return "given"
    if root in SHOWN:
        return "shown"
    return "asked" if root == "exchanges" else "computed"


def _is_picked(path: str, wanted: str) -> bool:
    return (
        path == wanted or path.endswith((f".{wanted}", f"]{wanted}")) or (wanted.endswith("*") and wanted[:-1] in path)
    )


def _text(row: dict[str, Tree], path: str) -> str:
    if path not in row:
        return ABSENT
    value = row[path]
    return "not set" if value is None and path.startswith("environment.") else short(value, WIDTH)


def _column(path: str, texts: Sequence[str], trees: Sequence[Tree], names: Sequence[str], tried: int) -> Column:
    by_group: dict[str, list[int]] = {}
    for at, name in enumerate(names):
        by_group.setdefault(name, []).append(at)
    certainty = None
    came_in = _came_in(path)
    kind: Kind = "same" if len({text for text in texts if text or came_in}) == 1 else "differing"
    told = _telling(path, by_group, texts)
    if kind == "differing" and len(told) > 1 and _separates(told, texts, trees):
        kind = "separating"
        certainty = certainty_of(_chance([len(members) for members in told.values()]), tried)
    return Column(
        path=path,
        kind=kind,
        origin=origin_of(path),
        groups={
            name: _summary([texts[at] for at in at_all], [trees[at] for at in at_all])
            for name, at_all in by_group.items()
        },
        certainty=certainty,
    )


def _came_in(path: str) -> bool:
    """Whether a variable is a part of what a trace was given."""
    return path.startswith(("request", "args", "self", "input", "len(request", "len(args"))


def _telling(path: str, by_group: dict[str, list[int]], texts: Sequence[str]) -> dict[str, list[int]]:
    """The traces of each group whose value counts; nothing where a group has none.

    That something did not come in is a value, too. What code reads on its way it does not read where it leaves by
    another way: that follows from the way, and tells no group from another.
    """
    if _came_in(path):
        return by_group
    told = {name: [at for at in members if texts[at]] for name, members in by_group.items()}
    return told if all(told.values()) else {}


def _separates(by_group: dict[str, list[int]], texts: Sequence[str], trees: Sequence[Tree]) -> bool:
    """Whether the values tell the group: no two groups share one, and they repeat, or lie on two sides of a bound.

    Values that hardly repeat, such as ids, have nothing in common in any two groups.
    """
    sets = [{texts[at] for at in members} for members in by_group.values()]
    if any(one & other for number, one in enumerate(sets) for other in sets[number + 1 :]):
        return False
    repeat = all(
        len(values) == 1 or 2 * len(values) <= len(members)
        for values, members in zip(sets, by_group.values(), strict=True)
    )
    return repeat or _bounded([[trees[at] for at in members] for members in by_group.values()])


def _bounded(groups: Sequence[Sequence[Tree]]) -> bool:
    """Whether numbers of the groups lie in ranges that do not meet."""
    ranges = []
    for values in groups:
        numbers = [number for value in values if (number := as_number(value)) is not None]
        if len(numbers) < len(values) or not numbers:
            return False
        ranges.append((min(numbers), max(numbers)))
    ranges.sort()
    return all(above[0] > below[1] for below, above in itertools.pairwise(ranges))


def as_number(tree: Tree) -> float | None:
    """A value as a number that can be ordered; `None` for all else."""
    value = plain(tree)
    if isinstance(value, bool) or not isinstance(value, int | float | decimal.Decimal):
        return None
    try:
        number = float(value)
    except (OverflowError, ValueError):
        return None
    return None if math.isnan(number) else number


def _chance(sizes: Sequence[int]) -> float:
    """The probability that two values fall so by chance: one way, or its mirror, of all to divide the traces."""
    first, rest = sizes[0], sum(sizes[1:])
    return 2 / math.comb(first + rest, first)


def _summary(texts: Sequence[str], trees: Sequence[Tree]) -> str:
    """The values of a group in words."""
    counts = Counter(texts)
    if len(counts) <= FEW:
        shown = [
            f"{text or '(absent)'}{f' x{count}' if len(counts) > 1 else ''}" for text, count in counts.most_common()
        ]
        return ", ".join(shown)
    numbers = [number for tree in trees if (number := as_number(tree)) is not None]
    if len(numbers) == len(trees):
        return f"{min(numbers):g} … {max(numbers):g}"
    [(text, count)] = counts.most_common(1)
    most = f", most often {text or '(absent)'} x{count}" if count > 1 else f", such as {text}"
    return f"{len(counts)} values{most}"


_KINDS: dict[Kind, int] = {"separating": 0, "differing": 1, "same": 2}
_ORIGINS: dict[Origin, int] = {"given": 0, "asked": 1, "computed": 2, "shown": 3}


def _rank(column: Column, group: Condition | None) -> tuple[int, int, int, int]:
    """Separating ones first, causes before what follows from them, what the condition itself decides on last."""
    is_asked = group is not None and group.decides_on(column.path)
    doubtful = column.certainty == "may be chance"
    return _KINDS[column.kind], int(is_asked), int(doubtful), _ORIGINS[column.origin]


def _in_turn(names: Sequence[str], most: int) -> list[int]:
    """Positions of some traces, of each group in turn, those of one group together."""
    by_group: dict[str, list[int]] = {}
    for at, name in enumerate(names):
        by_group.setdefault(name, []).append(at)
    share = max(1, most // max(len(by_group), 1))
    return [at for members in by_group.values() for at in members[:share]][:most]
