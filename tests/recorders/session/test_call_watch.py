"""Arguments that do something when they are used: callables are boundaries, iterators and streams are consumed."""

from __future__ import annotations

import functools
import io
import itertools
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_runtime.recorders.store.open import open_reader
from pytest_runtime.testing import Scenario

SHOP = """
    class Cart:
        def __init__(self, on_change=None):
            self.on_change = on_change
            self.items = []

        def add(self, item):
            self.items.append(item)
            if self.on_change is not None:
                return self.on_change(item, count=len(self.items))

    def best(items, score):
        return max(items, key=score)

    def firsts(items, count):
        return [item for item, _number in zip(items, range(count))]

    def total(items):
        return sum(items)

    def lines(stream):
        return [line.strip() for line in stream]

    def same(callback, registered):
        return callback in registered

    def guarded(callback):
        try:
            return callback(1)
        except ValueError as error:
            return str(error)
    """


def shop(folder: Path, traffic: Any) -> Scenario:
    """The shop, under traffic."""
    return Scenario(folder, {"shop": SHOP}).record(traffic)


def numbers() -> Iterator[int]:
    """One to four."""
    yield from (1, 2, 3, 4)


def failing(number: int) -> int:
    """A callback that raises."""
    raise ValueError(f"not {number}")


def test_a_callable_is_recorded_and_answered(tmp_path: Path) -> None:
    """A key function that nobody can import again."""
    scenario = shop(tmp_path, lambda shop: shop.best([1, -5, 3], lambda item: item * item))
    [trace] = scenario.traces()
    assert trace.outcome.value == -5
    assert [exchange.boundary for exchange in trace.exchanges] == ["callable"] * 3
    assert scenario.judge(everything=True).counts == {"same": 1}


def test_another_argument_for_a_callback_is_a_difference(tmp_path: Path) -> None:
    """What it is called with is seen outside."""
    scenario = shop(tmp_path, lambda shop: shop.guarded(lambda number: number))
    replayed = scenario.change("shop", "return callback(1)", "return callback(2)").judge()
    assert replayed.counts == {"diverged": 1}
    assert replayed.kinds == {"outbound"}


def test_what_a_callable_raises_is_raised_again(tmp_path: Path) -> None:
    """With its message."""
    scenario = shop(tmp_path, lambda shop: shop.guarded(failing))
    assert scenario.traces()[0].outcome.value == "not 1"
    assert scenario.judge(everything=True).counts == {"same": 1}


def test_a_callback_that_an_object_keeps_is_a_boundary_of_later_calls(tmp_path: Path) -> None:
    """The object is made again by its producer, and its callback asks the recording."""
    seen: list[Any] = []

    def noted(item: str, count: int) -> str:
        seen.append((item, count))
        return f"{item}{count}"

    def traffic(shop: Any) -> None:
        cart = shop.Cart(on_change=noted)
        assert cart.add("pen") == "pen1"
        assert cart.add("ink") == "ink2"

    scenario = shop(tmp_path, traffic)
    assert seen == [("pen", 1), ("ink", 2)]
    assert scenario.judge(everything=True).counts == {"same": 3}
    assert seen == [("pen", 1), ("ink", 2)]
    replayed = scenario.change("shop", "count=len(self.items)", "count=len(self.items) + 1").judge()
    assert replayed.counts == {"same": 1, "diverged": 2} or replayed.counts == {"diverged": 2}


def test_equality_and_attributes_of_a_callable_are_its_own(tmp_path: Path) -> None:
    """The service cannot tell, short of asking for identity."""
    found: list[Any] = []

    def traffic(shop: Any) -> None:
        callback = functools.partial(failing, 3)
        found.append(shop.same(callback, [callback]))
        found.append(shop.same(failing, {failing}))

    shop(tmp_path, traffic)
    assert found == [True, True]


@pytest.mark.parametrize(
    ("make", "left"),
    {
        "a generator": (numbers, [3, 4]),
        "a list's": (lambda: iter([1, 2, 3, 4]), [3, 4]),
        "a dict's": (lambda: iter({1: 0, 2: 0, 3: 0, 4: 0}), [3, 4]),
        "backwards": (lambda: reversed([4, 3, 2, 1]), [3, 4]),
        "a range's": (lambda: iter(range(1, 5)), [3, 4]),
    }.values(),
    ids=lambda value: "",
)
def test_an_iterator_is_recorded_as_it_is_consumed(tmp_path: Path, make: Any, left: list[int]) -> None:
    """No further than the service took it; what is left stays for its owner."""
    rest: list[int] = []

    def traffic(shop: Any) -> None:
        items = make()
        # `zip` asks its first iterator before the second is at its end: one more is taken than given.
        assert shop.firsts(items, 1) == [1]
        rest.extend(items)

    scenario = shop(tmp_path, traffic)
    assert rest == left
    assert scenario.judge(everything=True).counts == {"same": 1}


def test_an_iterator_that_cannot_be_watched_is_unknown(tmp_path: Path) -> None:
    """The service gets it as it is; nobody knows its items without taking them."""

    def traffic(shop: Any) -> None:
        items = itertools.islice([1, 2, 3, 4], None)
        assert shop.firsts(items, 1) == [1]
        assert list(items) == [3, 4]

    replayed = shop(tmp_path, traffic).judge(everything=True)
    assert replayed.counts == {"not judged": 1}
    assert any("islice" in reason for reason in replayed.reasons)


def test_an_iterator_that_is_written_in_c_is_known_by_what_it_draws_from(tmp_path: Path) -> None:
    """A `map` over a list, with a function that is known; with a callback, or over a generator, as these are."""

    doubled = lambda number: number * 2  # noqa: E731 - a function that no name leads to

    def traffic(shop: Any) -> None:
        items = map(abs, [1, -2, 3, 4])
        assert shop.firsts(items, 1) == [1]
        assert list(items) == [3, 4]
        assert shop.firsts(enumerate(numbers()), 1) == [(0, 1)]
        assert shop.total(map(doubled, [1, 2])) == 6

    scenario = shop(tmp_path, traffic)
    assert scenario.judge(everything=True).counts == {"same": 3}
    assert scenario.change("shop", "sum(items)", "sum(items) + 1").judge().fields["return"] == ("6", "7")


def test_taking_more_than_was_recorded_is_not_judged(tmp_path: Path) -> None:
    """Nobody knows what would have come."""
    scenario = shop(tmp_path, lambda shop: shop.firsts(numbers(), 1))
    scenario.change("shop", "range(count)", "range(count + 1)")
    replayed = scenario.judge()
    assert replayed.counts == {"not judged": 1}


def test_a_generator_that_is_used_up_is_replayed_to_its_end(tmp_path: Path) -> None:
    """Its end was recorded too."""
    scenario = shop(tmp_path, lambda shop: shop.total(numbers()))
    assert scenario.judge(everything=True).counts == {"same": 1}
    assert scenario.change("shop", "sum(items)", "sum(items) + 1").judge().fields["return"] == ("10", "11")


@pytest.mark.parametrize("kind", ["text", "bytes", "file", "binary file"])
def test_a_stream_is_read_in_place(tmp_path: Path, kind: str) -> None:
    """Its position is what it was, and the replay reads the same lines although the file is gone."""
    path = tmp_path / "lines.txt"
    path.write_text("head\none\ntwo\n")
    streams: dict[str, Any] = {
        "text": lambda: io.StringIO("head\none\ntwo\n"),
        "bytes": lambda: io.BytesIO(b"head\none\ntwo\n"),
        "file": lambda: path.open(),
        "binary file": lambda: path.open("rb"),
    }
    found: list[Any] = []

    def traffic(shop: Any) -> None:
        with streams[kind]() as stream:
            stream.readline()
            found.extend(shop.lines(stream))

    scenario = shop(tmp_path, traffic)
    assert [str(line).strip("b'") for line in found] == ["one", "two"]
    path.unlink()
    assert scenario.judge(everything=True).counts == {"same": 1}


@pytest.mark.skipif(sys.version_info < (3, 12), reason="before 3.12 nothing tells that a generator goes on")
def test_included_code_that_was_an_argument_is_seen_afterwards(tmp_path: Path) -> None:
    """A generator of the included package that is given back to it: its function is an entry again, with its arms."""
    source = """
        def numbers(stop):
            for number in range(stop):
                if number % 2:
                    yield number

        def total(items):
            return sum(items)
        """

    def traffic(shop: Any) -> None:
        assert shop.total(shop.numbers(4)) == 4
        assert list(shop.numbers(6)) == [1, 3, 5]

    scenario = Scenario(tmp_path, {"shop": source}).record(traffic)
    assert [trace.entry.partition(":")[2] for trace in scenario.traces()].count("numbers") == 1
    reader = open_reader(scenario.store)
    try:
        arms = {arm.words() for known in reader.classes() for arm in known.description.arms}
    finally:
        reader.close()
    assert {"number % 2 is true", "number % 2 is false"} <= arms


def test_callables_of_equal_code_are_each_watched(tmp_path: Path) -> None:
    """Two functions that were made from the same text at the same line compare equal by their code."""
    made = [dict[str, Any]() for _ in range(2)]
    for number, names in enumerate(made):
        exec("seen = []\ndef callback(value):\n    seen.append(value)\n    return value + shift\n", names)
        names["shift"] = number
    first, second = (names["callback"] for names in made)
    assert first.__code__ == second.__code__
    assert first.__code__ is not second.__code__
    source = "def both(one, two):\n    return one(1), two(1)\n"
    scenario = Scenario(tmp_path, {"shop": source}).record(lambda shop: shop.both(first, second))
    [trace] = scenario.traces()
    assert [(one.resource, one.answer) for one in trace.exchanges] == [("argument 0", 1), ("argument 1", 2)]
    assert scenario.judge(everything=True).counts == {"same": 1}


NESTED = """
    import GIVER as giver

    class Kept:
        def __init__(self, source):
            self.source = source

        def take(self, count):
            return [next(self.source) for _item in range(count)]

    def keep(source):
        return Kept(source)

    def sums(groups):
        return [sum(group) for group in groups]

    def twice(make, number):
        double = make(2)
        return double(number) + double(number)

    def fetched(count):
        rows = giver.rows(count)
        return [row * 2 for row in rows]

    def has_more(items):
        return hasattr(items, "send"), hasattr(items, "fetch")
    """

GIVER = """
    def rows(count):
        for number in range(count):
            yield number + 1
    """


def test_what_they_give_is_watched_as_they_are(tmp_path: Path) -> None:
    """Generators of generators, callables that make callables, and generators that a boundary answers with."""
    (tmp_path / f"giver_{tmp_path.name}.py").write_text(textwrap.dedent(GIVER))
    scenario = Scenario(tmp_path, {"shop": NESTED.replace("GIVER", f"giver_{tmp_path.name}")})

    def traffic(shop: Any) -> None:
        assert shop.sums(numbers() for _group in range(2)) == [10, 10]
        assert shop.twice(lambda factor: lambda number: number * factor, 4) == 16
        assert shop.fetched(3) == [2, 4, 6]

    declared = (f"giver_{tmp_path.name}.rows",)
    scenario.record(traffic, boundaries=declared)
    replayed = scenario.replay(boundaries=declared)
    assert (replayed.counts, replayed.reasons) == ({"same": 3}, set())
    scenario.change("shop", "sum(group)", "max(group)").change("shop", "row * 2", "row * 3")
    scenario.change("shop", "double(number) + double(number)", "double(number) - double(number + 1)")
    replayed = scenario.replay(boundaries=declared)
    assert (replayed.counts, replayed.reasons) == ({"diverged": 3}, set())


def test_an_object_that_keeps_one_has_it_as_it_is_taken(tmp_path: Path) -> None:
    """What made the object took nothing of it: each call has the items that it took."""
    scenario = Scenario(tmp_path, {"shop": NESTED.replace("import GIVER as giver", "")})

    def traffic(shop: Any) -> None:
        kept = shop.keep(numbers())
        assert kept.take(2) == [1, 2]
        assert kept.take(1) == [3]

    scenario.record(traffic)
    replayed = scenario.judge(everything=True)
    assert (set(replayed.counts), replayed.reasons) == ({"same"}, set())
    replayed = scenario.change("shop", "[next(self.source)", "[-next(self.source)").judge()
    assert (replayed.counts, replayed.reasons) == ({"diverged": 2}, set())


def test_one_that_was_not_captured_has_what_its_type_has(tmp_path: Path) -> None:
    """To ask an iterator for an attribute needs no answer of the recording: its type says which it has."""
    scenario = Scenario(tmp_path, {"shop": NESTED.replace("import GIVER as giver", "")})
    scenario.record(lambda shop: shop.has_more(itertools.islice([1], None)))
    assert scenario.judge(everything=True).counts == {"same": 1}
    replayed = scenario.change("shop", '"send"', '"__next__"').judge()
    assert replayed.counts == {"diverged": 1}
