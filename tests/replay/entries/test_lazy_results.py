"""Iterators as results: the recorder takes nothing, a replay compares what base and candidate give."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path
from typing import Any

import pytest

from pytest_runtime.testing import Scenario

SHOP = """
    import itertools
    from collections import OrderedDict

    def halves(numbers):
        return (number // 2 for number in numbers)

    def names(rows):
        return map(str.upper, rows)

    def priced(rows):
        return zip(rows, itertools.count(1))

    def joined(left, right):
        return itertools.chain.from_iterable([left, right])

    def large(rows):
        return filter(lambda row: row > 2, rows)

    def first(rows, most):
        return itertools.islice(rows, most)

    def keys(rows):
        return iter(OrderedDict(rows))

    def parts(rows):
        return len(rows), (row + 1 for row in rows)

    def endless(start):
        return itertools.count(start)

    def failing(rows):
        def give():
            for row in rows:
                if row < 0:
                    raise ValueError(row)
                yield row
        return give()

    def same(rows):
        return rows

    def rest(rows):
        rows.append(len(rows))
        return (rows.pop() for _ in range(2))
    """


def traffic(shop: Any) -> None:
    """Every result is taken by the caller as it likes, whole or in part."""
    assert list(shop.halves([2, 4])) == [1, 2]
    assert next(shop.names(["a", "b"])) == "A"
    assert list(shop.priced(["a"])) == [("a", 1)]
    assert list(shop.joined([1], [2])) == [1, 2]
    assert list(shop.large([1, 2, 3])) == [3]
    assert list(shop.first([1, 2, 3], 2)) == [1, 2]
    assert list(shop.keys({"a": 1})) == ["a"]
    assert list(shop.parts([1])[1]) == [2]
    assert next(shop.endless(4)) == 4
    given = shop.failing([1, -1])
    with pytest.raises(ValueError, match="-1"):
        list(given)


def test_what_is_lazy_is_judged_by_its_items(tmp_path: Path) -> None:
    """Whatever its type: generators, and what the interpreter and `itertools` write in C."""
    scenario = Scenario(tmp_path, {"shop": SHOP}).record(traffic)
    replayed = scenario.judge(everything=True)
    unseen = {} if sys.version_info >= (3, 12) else {"not judged": 1}  # the generator, as an entry of its own
    assert replayed.counts == {"same": replayed.counts["same"], **unseen}, replayed.reasons


@pytest.mark.parametrize(
    ("old", "new", "field", "values"),
    [
        ("number // 2", "number // 3", "return[0]", ("1", "0")),
        ("str.upper", "str.lower", "return[0]", ("'A'", "'a'")),
        ("count(1)", "count(2)", "return[0][1]", ("1", "2")),
        ("row > 2", "row > 1", "return[0]", ("(absent)", "2")),
        ("row + 1", "row + 2", "return[1][0]", ("2", "3")),
        ("raise ValueError(row)", "return", "return.end", ("ValueError(-1)", "True")),
    ],
)
def test_another_item_is_a_difference(tmp_path: Path, old: str, new: str, field: str, values: tuple[str, str]) -> None:
    """At its place."""
    scenario = Scenario(tmp_path, {"shop": SHOP}).record(traffic)
    scenario.change("shop", old, new)
    assert scenario.judge().fields[field] == values


def test_another_kind_of_iterator_is_a_difference(tmp_path: Path) -> None:
    """A caller may ask for its length where it got a list, or close it where it got a generator."""
    scenario = Scenario(tmp_path, {"shop": SHOP}).record(lambda shop: list(shop.halves([2])))
    scenario.change("shop", "(number // 2 for number in numbers)", "[number // 2 for number in numbers]")
    assert scenario.judge().counts == {"diverged": 1}


def test_what_the_caller_gave_is_left_alone(tmp_path: Path) -> None:
    """An argument that is handed back is the caller's; what the items of a result do to an argument is seen."""

    def giving(shop: Any) -> None:
        assert list(shop.same(map(abs, [1, -2]))) == [1, 2]
        assert list(shop.same(itertools.repeat(1, 2))) == [1, 1]

    assert Scenario(tmp_path, {"shop": SHOP}).record(giving).judge(everything=True).counts == {"same": 2}


def test_what_items_do_to_an_argument_is_not_taken_for_the_function(tmp_path: Path) -> None:
    """When the function returns, the list is longer; the items shorten it, and a recording knows of none."""
    scenario = Scenario(tmp_path, {"shop": SHOP}).record(lambda shop: shop.rest([1]))
    assert scenario.judge(everything=True).counts == {"not judged": 1}
