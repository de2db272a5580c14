"""The file of acceptances, `runtime-accepted.toml` at a project's root: read, and written again.

One table per acceptance, sorted, one field per line, so that a reviewer sees in a diff what is accepted and two
branches that accept different things merge. Reading and writing again gives the same bytes.
"""

from __future__ import annotations

import datetime
import difflib
import os
import re
import tomllib
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, get_args

import msgspec
import tomli_w

from ..recorders.errors import AcceptanceError
from ..replay.change.files import ACCEPTANCES
from ..replay.judge.acceptance import Acceptance, doubles
from ..replay.judge.blindness import Blindness
from ..replay.model.difference import DifferencePart
from ..replay.model.shape_text import is_shape

FILE = ACCEPTANCES
TABLE = "accepted"
BLIND = "blind"
HEADER = """\
# Divergences that are intended, each reviewed: written by `pytest --runtime-baseline=NAME --runtime-accept "REASON"`,
# cleaned up by `pytest-runtime prune NAME`. Values are shapes; say more in `reason`: comments are not kept.
"""


def _starts(table: str) -> re.Pattern[str]:
    return re.compile(rf"^[ \t]*\[\[[ \t]*{table}[ \t]*\]\]", re.MULTILINE)


_START, _BLIND_START = _starts(TABLE), _starts(BLIND)
_AT_LINE = re.compile(r"\(at line (\d+)")
_MAY_BE_EMPTY = frozenset({"conditions"})


def read_acceptances(path: Path) -> tuple[Acceptance, ...]:
    """The acceptances in a file, none where there is no file; raises `AcceptanceError`, which names the line."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise AcceptanceError(path, 1, f"cannot be read: {error}") from error
    return parse_acceptances(text, path)


def parse_acceptances(text: str, path: Path) -> tuple[Acceptance, ...]:
    """The acceptances in a text; `path` is named in errors. Raises `AcceptanceError`."""
    return _Reader(path, text).acceptances()


def acceptances_in(data: bytes) -> tuple[Acceptance, ...]:
    """The acceptances in a file of another revision; one that cannot be read holds none."""
    try:
        return parse_acceptances(data.decode(), Path(FILE))
    except (AcceptanceError, UnicodeDecodeError):
        return ()


def read_blindness(path: Path) -> tuple[Blindness, ...]:
    """The agreed blindness in a file, none where there is no file; raises `AcceptanceError`, which names the line."""
    try:
        return _Reader(path, path.read_text(encoding="utf-8")).blindness()
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise AcceptanceError(path, 1, f"cannot be read: {error}") from error


def write_acceptances(path: Path, acceptances: Iterable[Acceptance]) -> None:
    """Write them all at once or not at all; without any, there is no file. What the file says of agreed blindness
    stays. Raises `OSError`, and `AcceptanceError` where the file cannot be read."""
    text = render_acceptances(acceptances, read_blindness(path))
    if not text:
        path.unlink(missing_ok=True)
        return
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        scratch.write_text(text, encoding="utf-8", newline="\n")
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)


def render_acceptances(acceptances: Iterable[Acceptance], blindness: Iterable[Blindness] = ()) -> str:
    """The text of the file; the same for the same statements, in whatever order they come."""
    tables = [f"\n[[{TABLE}]]\n{tomli_w.dumps(_table(acceptance))}" for acceptance in sorted(acceptances)]
    said = sorted(
        blindness, key=lambda statement: (statement.entry, statement.function, statement.reason, str(statement.until))
    )
    tables += [f"\n[[{BLIND}]]\n{tomli_w.dumps(_blind_table(statement))}" for statement in said]
    return HEADER + "".join(tables) if tables else ""


def _blind_table(blindness: Blindness) -> dict[str, Any]:
    """What it does not say is left out."""
    return {key: value for key, value in msgspec.structs.asdict(blindness).items() if value}


def _table(acceptance: Acceptance) -> dict[str, Any]:
    """What most acceptances are not is left out."""
    table: dict[str, Any] = msgspec.to_builtins(acceptance)
    if not acceptance.explored:
        del table["explored"]
    return table


class _Row(NamedTuple):
    """A table of the file and the line that it begins in."""

    line: int
    table: dict[str, Any]


class _Reader:
    """Reads a text and says where it is wrong."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._text = text
        self._starts = sorted(found.start() for start in (_START, _BLIND_START) for found in start.finditer(text))

    def acceptances(self) -> tuple[Acceptance, ...]:
        rows = list(self._rows(TABLE))
        found = [self._acceptance(row) for row in rows]
        for position in doubles(found):
            first = next(
                row for row, other in zip(rows, found, strict=True) if other.identity == found[position].identity
            )
            raise self._error(rows[position].line, f"this says what line {first.line} says; remove one of the two")
        return tuple(found)

    def _rows(self, wanted: str) -> Iterator[_Row]:
        try:
            document = tomllib.loads(self._text)
        except tomllib.TOMLDecodeError as error:
            line = _AT_LINE.search(str(error))
            raise self._error(
                int(line[1]) if line else self._line(len(self._text.rstrip())), f"not valid TOML: {error}"
            ) from error
        for key in document:
            if key not in (TABLE, BLIND):
                raise self._error(self._line_of(key, 0, len(self._text)), _unknown("table", key, [TABLE, BLIND]))
        tables = document.get(wanted, [])
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            raise self._error(1, f"{wanted!r} is written as tables: [[{wanted}]]")
        starts = [found.start() for found in _starts(wanted).finditer(self._text)]
        for position, table in enumerate(tables):
            start = starts[position] if len(starts) == len(tables) else 0
            yield _Row(self._line(start), table)

    def blindness(self) -> tuple[Blindness, ...]:
        return tuple(self._blindness(row) for row in self._rows(BLIND))

    def _blindness(self, row: _Row) -> Blindness:
        known = Blindness.__struct_fields__
        for key, value in row.table.items():
            if key not in known:
                raise self._error(self._line_in(row, key), _unknown("key", key, known))
            is_date = type(value) is datetime.date
            if key == "until" and not is_date:
                raise self._error(self._line_in(row, key), "'until' is a date, such as 2027-01-31, without quotes")
            if key != "until" and not (isinstance(value, str) and value.strip()):
                raise self._error(self._line_in(row, key), f"{key!r} is a text that says something")
        if ("entry" in row.table) == ("function" in row.table):
            raise self._error(row.line, "this names either an entry or a function that need not be judged")
        if "reason" not in row.table:
            raise self._error(row.line, "this has no 'reason'; say why nobody needs to know")
        return Blindness(**row.table)

    def _acceptance(self, row: _Row) -> Acceptance:
        known = Acceptance.__struct_fields__
        for key, value in row.table.items():
            if key not in known:
                raise self._error(self._line_in(row, key), _unknown("key", key, known))
            if key == "explored":
                if not isinstance(value, bool):
                    raise self._error(self._line_in(row, key), f"{key!r} is true or false")
                continue
            if not isinstance(value, str):
                raise self._error(self._line_in(row, key), f"{key!r} is a text, not {type(value).__name__}")
        for key in known:
            if key == "explored":
                continue
            if key not in row.table:
                raise self._error(row.line, f"this entry has no {key!r}; it has {', '.join(known)}")
            self._check(row, key, row.table[key])
        return Acceptance(**row.table)

    def _check(self, row: _Row, key: str, value: str) -> None:
        kinds = get_args(DifferencePart)
        if key == "kind" and value not in kinds:
            raise self._error(self._line_in(row, key), _unknown("kind", value, kinds))
        if key in ("base", "candidate") and not is_shape(value):
            problem = f"{key!r} is no shape: {value!r}; shapes are like 'True', 'float', 'str of length 3..12'"
            raise self._error(self._line_in(row, key), problem)
        if key == "reason" and not value.strip():
            raise self._error(self._line_in(row, key), "the reason is empty; say why this divergence is intended")
        if not value and key not in _MAY_BE_EMPTY:
            raise self._error(self._line_in(row, key), f"{key!r} is empty")

    def _line_in(self, row: _Row, key: str) -> int:
        start = next((begin for begin in self._starts if self._line(begin) == row.line), 0)
        end = next((begin for begin in self._starts if begin > start), len(self._text))
        return self._line_of(key, start, end)

    def _line_of(self, key: str, start: int, end: int) -> int:
        found = re.compile(rf"^[ \t\[]*[\"']?{re.escape(key)}\b", re.MULTILINE).search(self._text, start, end)
        return self._line(found.start() if found else start)

    def _line(self, offset: int) -> int:
        return self._text.count("\n", 0, offset) + 1

    def _error(self, line: int, problem: str) -> AcceptanceError:
        return AcceptanceError(self._path, line, problem)


def _unknown(what: str, name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known are: {', '.join(known)}"
    return f"there is no {what} {name!r}; {hint}"
