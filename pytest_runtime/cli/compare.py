"""`pytest-runtime compare`: variables of many traces side by side."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from ..config import load_project
from ..recorders.errors import ConfigurationError
from ..replay.inspect.condition import parse_condition
from ..replay.inspect.questions import Scope
from ..replay.inspect.side_by_side import Column, Row, SideBySide, side_by_side
from ..replay.model.render import cut
from .baselines import complete_baselines
from .output import Block, Line, Style, Table, json_option, show
from .questions import asked_of, scope_options

COLUMNS_SHOWN = 24
"""Variables of a kind that are listed; `--all` lists the others."""

SAME_SHOWN = 12
"""Variables with one value that are listed: they say what it is not."""

CELL = 24
"""Characters of a value in the table of traces."""

_TITLES = {"separating": "differs exactly between the groups", "differing": "differs", "same": "same in all"}


@click.command("compare")
@click.argument("names", metavar="[BASELINE]...", nargs=-1, shell_complete=complete_baselines)
@click.option("--group", metavar="CONDITION", default="", help="Divide traces by a condition, or the value of a path.")
@click.option("--pick", "picked", metavar="PATH", multiple=True, help="Show this variable alone; may be given again.")
@scope_options
@click.option(
    "--rows", type=click.IntRange(0, 200), default=10, show_default=True, help="Single traces that are shown."
)
@click.option("--columns", type=click.IntRange(1, 40), default=5, show_default=True, help="Their variables.")
@click.option("--html", "page", type=click.Path(path_type=Path), metavar="FILE", help="Write a page, too.")
@click.option("--all", "everything", is_flag=True, help="List all variables.")
@json_option
def compare_command(
    names: tuple[str, ...],
    group: str,
    picked: tuple[str, ...],
    entry: str,
    where: str,
    since: str,
    until: str,
    rows: int,
    columns: int,
    page: Path | None,
    everything: bool,
    as_json: bool,
) -> None:
    """Lay the variables of many traces side by side: what is the same in all, what differs, and what differs exactly
    between groups, such as --group 'response.status >= 500', or two baselines. docs/comparing.md has the language of
    conditions."""
    project = load_project(Path.cwd())
    grouped = group or ("baseline" if len(set(names)) > 1 else "")
    condition = parse_condition(grouped) if grouped else None
    found = asked_of(project, names, Scope(entry, since, until), where)
    if condition is not None:
        found.check(condition)
        found = found.about(condition)
    table = side_by_side(found.facts, condition, pick=picked, rows=rows, columns=columns, kept=found.kept)
    if page is not None:
        _write(page, table)
    show("compare", table, blocks_of(table, everything=everything), as_json=as_json)


def _write(page: Path, table: SideBySide) -> None:
    from ..reports.html.side_by_side import side_by_side_html  # jinja2, only where a page is written

    try:
        page.write_text(side_by_side_html(table), encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{page} cannot be written: {error.strerror}") from error


def blocks_of(table: SideBySide, *, everything: bool = False) -> Iterator[Block]:
    """What separates, what differs, what is the same, and some traces."""
    if not table.traces:
        yield Line("no trace is left: widen --entry, --where, --since and --until")
        return
    looked = f" of {table.kept}" if table.kept > table.traces else ""
    groups = ", ".join(f"{count} {_group(name)}" for name, count in table.groups.items())
    by = f" by {table.group}: {groups}" if table.group else ""
    yield Line(f"{table.traces}{looked} kept traces{by}", "heading")
    if len(table.groups) == 1 and table.group:
        yield Line("all are in one group, so nothing can separate them", "bad", 2)
    styles: dict[str, Style] = {"separating": "bad", "differing": "heading", "same": "dim"}
    for kind, most in (("separating", COLUMNS_SHOWN), ("differing", COLUMNS_SHOWN), ("same", SAME_SHOWN)):
        columns = [column for column in table.columns if column.kind == kind]
        if columns:
            yield Line()
            yield Line(f"{_TITLES[kind]} ({len(columns)})", styles[kind])
            shown = columns if everything else columns[:most]
            yield _columns(shown, list(table.groups))
            if len(shown) < len(columns):
                yield Line(f"and {len(columns) - len(shown)} more (--all)", "dim", 2)
    if table.twins:
        yield Line()
        yield Line("given the same, and another result", "bad")
        rows = [
            [twins.given, *(f"{group}: {shown}" for group, shown in zip(twins.groups, twins.shown, strict=True))]
            for twins in table.twins
        ]
        yield Table(("given", "one", "other"), rows, indent=2)
    if table.rows and table.shown:
        yield Line()
        yield _rows(table)


def _group(name: str) -> str:
    return {"true": "true", "false": "false", "": "traces"}.get(name, name)


def _columns(columns: list[Column], groups: list[str]) -> Table:
    is_same = columns[0].kind == "same"
    headings = ("variable", "is", "value") if is_same else ("variable", "is", *(name or "values" for name in groups))
    rows = [
        [column.path, _is(column), *([next(iter(column.groups.values()))] if is_same else _values(column, groups))]
        for column in columns
    ]
    return Table(headings, rows, indent=2)


def _is(column: Column) -> str:
    return f"{column.origin}, {column.certainty}" if column.certainty else column.origin


def _values(column: Column, groups: list[str]) -> list[str]:
    return [cut(column.groups.get(name, ""), 60) for name in groups]


def _rows(table: SideBySide) -> Table:
    with_group = [("group",)] if len(table.groups) > 1 else []
    headings = ("trace", *(name for names in with_group for name in names), *map(_short_path, table.shown))
    rows = [_row(row, bool(with_group)) for row in table.rows]
    return Table(headings, rows)


def _row(row: Row, with_group: bool) -> list[str]:
    return [row.trace, *([row.group] if with_group else []), *(cut(value, CELL) for value in row.values)]


def _short_path(path: str) -> str:
    """The end of a path: the list above has the whole."""
    return path if len(path) <= CELL else f"…{path[-CELL + 1 :]}"
