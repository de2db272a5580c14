"""Variables of traces side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_runtime.replay.inspect.condition import parse_condition
from pytest_runtime.replay.inspect.facts import Facts
from pytest_runtime.replay.inspect.side_by_side import side_by_side

from .asking import facts_of

SHOP = """
    import os

    def price(net, rate, currency="EUR"):
        if os.environ.get("SHOP_ROUNDING") == "down":
            return {"gross": int(net * (100 + rate) / 100), "currency": currency}
        return {"gross": round(net * (100 + rate) / 100, 2), "currency": currency}
    """


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> list[Facts]:
    """Twelve prices, of which six are rounded down."""

    def traffic(shop: Any) -> None:
        import os

        for rounding in ("up", "down"):
            os.environ["SHOP_ROUNDING"] = rounding
            try:
                for net in (1.25, 2.5, 3.75, 5, 6.25, 7.5):
                    shop.price(net, 20)
            finally:
                del os.environ["SHOP_ROUNDING"]

    return facts_of(tmp_path_factory.mktemp("beside"), {"shop": SHOP}, traffic)


def test_columns_are_the_same_differ_or_separate(facts: list[Facts]) -> None:
    """What came in stands before what the caller saw."""
    table = side_by_side(facts, parse_condition("took(\"os.environ.get('SHOP_ROUNDING') == 'down' is true\")"))
    kinds = {column.path: column.kind for column in table.columns}
    assert kinds["environment.SHOP_ROUNDING"] == "separating"
    assert kinds["args.net"] == "differing"
    assert (kinds["args.rate"], kinds["result.currency"]) == ("same", "same")
    assert table.columns[0].path == "environment.SHOP_ROUNDING"
    assert table.columns[0].groups == {"true": "'down'", "false": "'up'"}
    assert table.groups == {"false": 6, "true": 6} or table.groups == {"true": 6, "false": 6}


def test_traces_that_were_given_the_same_are_paired(facts: list[Facts]) -> None:
    """Where their callers saw something else."""
    table = side_by_side(facts, parse_condition("environment.SHOP_ROUNDING"))
    assert len(table.twins) == 6  # 6 and 6.0 are two values, too
    assert "'net': 1.25" in table.twins[0].given
    assert {shown.split(",")[0] for shown in table.twins[0].shown} == {"{'gross': 1.5", "{'gross': 1"}


def test_picked_columns_come_in_the_order_asked_for(facts: list[Facts]) -> None:
    """By the ends of their paths, those that do not vary too."""
    table = side_by_side(facts, None, pick=("gross", "args.net", "rate"), rows=3)
    assert table.shown == ("result.gross", "args.net", "args.rate")
    assert len(table.rows) == 3
    assert all(len(row.values) == 3 for row in table.rows)


def test_few_traces_separate_by_chance(facts: list[Facts]) -> None:
    """And the column says so."""
    some = [trace for trace in facts if trace.columns()["args.net"] in (1.25, 2.5)]
    (column,) = [
        column
        for column in side_by_side(some, parse_condition("environment.SHOP_ROUNDING == 'down'")).columns
        if column.path == "len(result)" or column.path == "environment.SHOP_ROUNDING"
    ]
    assert column.certainty == "may be chance"


def test_ids_separate_nothing(tmp_path: Path) -> None:
    """Values that never repeat have nothing in common in any two groups."""

    def traffic(shop: Any) -> None:
        for number in range(20):
            shop.price(1, 20, f"currency-{number * 7 % 20}-x")

    table = side_by_side(facts_of(tmp_path, {"shop": SHOP}, traffic), parse_condition('currency > "currency-14"'))
    assert next(column for column in table.columns if column.path == "args.currency").kind == "differing"
