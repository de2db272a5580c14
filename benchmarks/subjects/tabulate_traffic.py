"""Documented usage of tabulate: the same few tables in many formats, alignments and number formats.

`run(do)` makes every call through `do`, which an observer may replace; exceptions that the usage expects are caught.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import tabulate  # type: ignore[import-not-found,import-untyped,unused-ignore]  # fetched when it is needed

Do = Callable[..., Any]

PLANETS = [["Sun", 696000, 1989100000], ["Earth", 6371, 5973.6], ["Moon", 1737, 73.5], ["Mars", 3390, 641.85]]
PLANET_HEADERS = ["Planet", "R (km)", "mass (x 10^29 kg)"]
MIXED: list[list[Any]] = [["spam", 41.9999], ["eggs", "451.0"], ["bacon", None], ["", -3], ["ham", True], ["1e3", 0.5]]
COLUMNS = {"name": ["Alice", "Bob", "Carol"], "age": [24, 19, 41], "note": ["", None, "a,b"]}
RECORDS: list[dict[str, Any]] = [{"id": 1, "name": "ACME"}, {"id": 2, "price": 27.4375}, {"id": 30, "name": "Höoli"}]
LINES = [["multiline\ncell", 1], ["one line", 22], ["three\nlines\nhere", 333]]
PRICES = [["ACME", "101.1250", 1], ["GLBX", "27.4375", 20], ["UMBR", "5.2", 300], ["OLDX", "N/A", 4000]]
FORMATS = (
    "plain", "simple", "github", "grid", "simple_grid", "rounded_grid", "fancy_grid", "heavy_outline", "outline",
    "pipe", "orgtbl", "jira", "presto", "pretty", "psql", "rst", "mediawiki", "html", "unsafehtml", "latex",
    "latex_raw", "latex_booktabs", "textile", "tsv", "asciidoc", "youtrack", "moinmoin",
)  # fmt: skip


def run(do: Do) -> None:
    """All of it."""
    table = tabulate.tabulate
    for name in FORMATS:
        do(table, PLANETS, PLANET_HEADERS, tablefmt=name)
        do(table, MIXED, tablefmt=name)
        do(table, LINES, ["what", "how many"], tablefmt=name)
    sources(do, table)
    alignment(do, table)
    numbers(do, table)
    rows(do, table)
    helpers(do)
    refused(do, table)


def sources(do: Do, table: Any) -> None:
    do(table, COLUMNS, headers="keys")
    do(table, COLUMNS, headers="firstrow")
    do(table, COLUMNS)
    do(table, RECORDS, headers="keys")
    do(table, RECORDS, headers={"id": "number", "name": "who"})
    do(table, RECORDS, headers="keys", tablefmt="grid", missingval="?")
    do(table, [["Name", "Age"], ["Alice", 24], ["Bob", 19]], headers="firstrow")
    do(table, [["Alice", 24], ["Bob", 19]], headers=["Age"])
    do(table, [], headers=["nothing", "here"])
    do(table, [])
    do(table, [[]])
    do(table, [1, 2, 3][0:0], tablefmt="grid")
    do(table, {3: [1, 2], 4: [3]}, headers="keys")
    do(table, [[1, 2], [3, 4, 5], [6]], headers=["a"])


def alignment(do: Do, table: Any) -> None:
    for number in ("right", "center", "left", "decimal"):
        do(table, PLANETS, numalign=number)
        do(table, PRICES, PLANET_HEADERS, numalign=number, tablefmt="pipe")
    for text in ("right", "center", "left"):
        do(table, PLANETS, stralign=text, tablefmt="grid")
    do(table, PRICES, colalign=("right", "left", "center"))
    do(table, PRICES, ["a", "b", "c"], colalign=("right", "left"), tablefmt="github")
    do(table, PLANETS, disable_numparse=True)
    do(table, PRICES, disable_numparse=[1])


def numbers(do: Do, table: Any) -> None:
    do(table, PLANETS, floatfmt=".4f")
    do(table, PRICES, floatfmt=("", ".1f"), intfmt=",")
    do(table, [[123456, 7.0], [42, 1e-9]], intfmt=",", floatfmt="e")
    do(table, [["1", "2.5"], ["30", "4.25"]], numalign="decimal")
    do(table, MIXED, missingval="n/a")
    do(table, [[None, "x"], ["y", None]], missingval=("-", "+"))
    do(table, [["inf", "nan"], [float("1.5"), "-0"]])
    do(table, [["0x10", "1_000"], ["1,000", "10%"]])


def rows(do: Do, table: Any) -> None:
    do(table, PRICES, showindex=True)
    do(table, PRICES, PLANET_HEADERS, showindex="always", tablefmt="psql")
    do(table, PRICES, showindex=["w", "x", "y", "z"])
    do(table, PRICES, showindex="never")
    do(table, [["a long text that has to be wrapped somewhere", 1]], maxcolwidths=[12, None], tablefmt="grid")
    do(table, [["a long text that has to be wrapped somewhere", "and another one"]], maxcolwidths=10)
    do(table, [["x", "y"]], ["a long header to wrap", "b"], maxheadercolwidths=6, tablefmt="grid")
    do(table, LINES, rowalign=["bottom", "center", "top"], tablefmt="grid")
    do(table, LINES, rowalign="center", tablefmt="outline")
    do(table, [["a", 1], tabulate.SEPARATING_LINE, ["b", 2]])
    do(table, [["\x1b[31mred\x1b[0m", 1], ["plain", 2]], ["colour", "n"], tablefmt="grid")


def helpers(do: Do) -> None:
    do(tabulate.simple_separated_format, "\t")
    do(tabulate.tabulate, PLANETS, tablefmt=tabulate.simple_separated_format(" | "))


def refused(do: Do, table: Any) -> None:
    with suppress(ValueError):
        do(table, [["a", 1], ["b", 2]], headers="keys")
    with suppress(ValueError):
        do(table, PRICES, headers="mystery")
    with suppress(ValueError):
        do(table, PRICES, showindex=["too", "few"])
    with suppress(TypeError):
        do(table, 17)


def call(function: Callable[..., Any], /, *arguments: Any, **options: Any) -> Any:
    """The plain `do`."""
    return function(*arguments, **options)


if __name__ == "__main__":
    run(call)
