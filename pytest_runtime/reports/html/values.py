"""Two values that differ, beside each other: texts by line, rows as a table, other structures by their parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

import msgspec

from ...replay.change.sequence_diff import opcodes
from ...replay.model.verdict import FieldDifference

ROWS = 40
"""Lines or rows of one difference: a screen."""

CELL = 120
"""Characters of a cell."""

MOST_TEXT = 20_000
"""Characters of a text that is compared line by line: of a longer one a screen says little."""

Sign: TypeAlias = Literal["same", "gone", "new"]


class Line(NamedTuple):
    """One line or row of the two."""

    sign: Sign
    cells: tuple[str, ...]


class Shown(NamedTuple):
    """A difference in more than one line."""

    columns: tuple[str, ...]
    """Titles, where it is a table."""
    lines: tuple[Line, ...]
    left_out: int


def shown(difference: FieldDifference) -> Shown | None:
    """What there is to see beside the two short texts; `None` where they say it all."""
    try:
        base, candidate = msgspec.json.decode(difference.base), msgspec.json.decode(difference.candidate)
    except msgspec.MsgspecError:  # it is shown as the text that it is
        return None
    if isinstance(base, str) and isinstance(candidate, str):
        return _texts(base, candidate)
    if _is_table(base) and _is_table(candidate):
        return _table(base, candidate)
    if isinstance(base, (dict, list)) and isinstance(candidate, (dict, list)):
        return _lines(_pretty(base), _pretty(candidate), ())
    return None


def _texts(base: str, candidate: str) -> Shown | None:
    if "\n" not in base + candidate or len(base) + len(candidate) > MOST_TEXT:
        return None
    return _lines([(line,) for line in base.splitlines()], [(line,) for line in candidate.splitlines()], ())


def _is_table(value: Any) -> bool:
    """Whether a value is rows: a list of flat dicts."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(row, dict) and row for row in value)
        and not any(isinstance(cell, (dict, list)) for row in value for cell in row.values())
    )


def _table(base: list[dict[str, Any]], candidate: list[dict[str, Any]]) -> Shown | None:
    columns = tuple(dict.fromkeys(name for row in (*base, *candidate) for name in row))
    rows = [
        [tuple(_cell(row[name]) if name in row else "" for name in columns) for row in side]
        for side in (base, candidate)
    ]
    return _lines(rows[0], rows[1], columns)


def _cell(value: Any) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= CELL else f"{text[: CELL - 1]}…"


def _pretty(value: Any) -> list[tuple[str, ...]]:
    text = msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
    return [(line if len(line) <= CELL else f"{line[: CELL - 1]}…",) for line in text.splitlines()]


def _lines(
    base: Sequence[tuple[str, ...]], candidate: Sequence[tuple[str, ...]], columns: tuple[str, ...]
) -> Shown | None:
    found = list(_compared(base[: ROWS * 10], candidate[: ROWS * 10]))
    if len(found) < 2 or all(line.sign == "same" for line in found):
        return None
    near = {
        around
        for position, line in enumerate(found)
        if line.sign != "same"
        for around in range(position - 2, position + 3)
    }
    kept = [line for position, line in enumerate(found) if position in near][:ROWS]
    return Shown(columns, tuple(kept), len(found) - len(kept))


def _compared(base: Sequence[tuple[str, ...]], candidate: Sequence[tuple[str, ...]]) -> Iterator[Line]:
    for tag, start, end, other, last in opcodes(base, candidate):
        if tag == "equal":
            yield from (Line("same", cells) for cells in base[start:end])
        else:
            yield from (Line("gone", cells) for cells in base[start:end])
            yield from (Line("new", cells) for cells in candidate[other:last])
