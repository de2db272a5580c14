"""Output: what a command found, as lines and tables, for a terminal, for a file, or as JSON.

It is decided once, here: Rich draws in a terminal, everything else gets aligned plain text, `--json` one document. A
command gives its data and the blocks that show it. Texts may come from a hostile baseline: whatever is printed is made
printable here.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import IO, Any, Literal, NamedTuple, TypeAlias, TypeVar

import click
import msgspec

from ..recorders.model.printable import in_line

F = TypeVar("F", bound=Callable[..., Any])

Style: TypeAlias = Literal["", "heading", "good", "bad", "dim"]

JSON_VERSION = 1
"""Version of the documents that `--json` prints; raised when a field goes or changes its meaning."""

_RICH_STYLES: dict[Style, str] = {"": "", "heading": "bold", "good": "green", "bad": "red", "dim": "dim"}


class Line(NamedTuple):
    """A line of text."""

    text: str = ""
    style: Style = ""
    indent: int = 0


class Table(NamedTuple):
    """Rows under headings; columns that are named in `right` stand flush right."""

    headings: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    right: frozenset[str] = frozenset()
    indent: int = 0


Block: TypeAlias = Line | Table


def json_option(function: F) -> F:
    """The option `--json`, given to a command as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document (docs/command_line.md).")(
        function
    )


def show(name: str, data: Any, blocks: Iterable[Block], *, as_json: bool, stream: IO[str] | None = None) -> None:
    """Print what the command `name` found: `data` as JSON, or the blocks that show it."""
    out = stream or sys.stdout
    if as_json:
        out.write(document(name, data))
    elif _is_terminal(out):
        _draw(blocks, out)
    else:
        out.writelines(f"{line}\n" for line in plain(blocks))


def document(name: str, data: Any) -> str:
    """A JSON document of a command, in ASCII, so that nothing in it is taken for a command of a terminal or a log."""
    fields = msgspec.to_builtins(data)
    whole = {"format": f"pytest-runtime {name}", "version": JSON_VERSION, **fields}
    # In JSON a `#` stands in strings alone.
    return json.dumps(whole, indent=2).replace("##", "#\\u0023") + "\n"


def plain(blocks: Iterable[Block]) -> Iterator[str]:
    """Blocks as lines: columns are aligned with blanks, and nothing is cut."""
    for block in blocks:
        prefix = " " * block.indent
        if isinstance(block, Line):
            yield (prefix + in_line(block.text)).rstrip()
            continue
        rows = [block.headings, *([in_line(cell) for cell in row] for row in block.rows)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        sides = [heading in block.right for heading in block.headings]
        for row in rows:
            cells = zip(row, widths, sides, strict=True)
            yield prefix + "  ".join(f"{cell:>{w}}" if right else f"{cell:<{w}}" for cell, w, right in cells).rstrip()


def _is_terminal(out: IO[str]) -> bool:
    return out.isatty() and os.environ.get("TERM") != "dumb"


def _draw(blocks: Iterable[Block], out: IO[str]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.padding import Padding
    from rich.table import Table as RichTable
    from rich.text import Text

    console = Console(file=out, markup=False, highlight=False, emoji=False)
    for block in blocks:
        if isinstance(block, Line):
            text = Text(in_line(block.text), style=_RICH_STYLES[block.style])
            console.print(Padding(text, (0, 0, 0, block.indent)) if block.text else text)
            continue
        table = RichTable(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
        for heading in block.headings:
            table.add_column(heading, justify="right" if heading in block.right else "left", overflow="fold")
        for row in block.rows:
            table.add_row(*(Text(in_line(cell)) for cell in row))
        console.print(Padding(table, (0, 0, 0, block.indent)))


def percent(part: float, whole: float) -> str:
    """A share in words: `12 %`; what is there is never 0 %, and what is not all never 100 %."""
    if not whole:
        return "-"
    share = 100 * part / whole
    if 0 < share < 1:
        return "<1 %"
    return ">99 %" if 99 < share < 100 else f"{share:.0f} %"


def when_text(moment: str) -> str:
    """A moment of ISO 8601 in UTC, for people: `2026-11-27 23:04 UTC`."""
    return f"{moment[:16].replace('T', ' ')} UTC" if moment else "at no known time"


def size_text(count: int) -> str:
    """Bytes in words: `1.2 MiB`."""
    size = float(count)
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"


def sibling_texts(texts: Sequence[str], shown: int) -> str:
    """Some of many: `a, b (+3)`."""
    more = f" (+{len(texts) - shown})" if len(texts) > shown else ""
    return ", ".join(texts[:shown]) + more
