"""The cause of failures: planted ones are found, chance is not taken for a cause, and the place is the right one."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pytest_runtime.replay.inspect.condition import parse_condition
from pytest_runtime.replay.inspect.facts import Facts
from pytest_runtime.replay.inspect.failure_cause import FailureCause, failure_cause
from pytest_runtime.replay.inspect.suspects import NothingToSeparate, separation_of

from .asking import facts_of

FAILS = 'exception.type == "ValueError" or result == "failed"'


def cause_of(facts: Sequence[Facts], fails: str = FAILS) -> FailureCause:
    """Why some traces fail."""
    include = {trace.entry.partition(":")[0] for trace in facts}
    return failure_cause(facts, parse_condition(fails), sorted(include))


BRANCH = """
    def pay(amount, country, day):
        if country == "CH" and day > 20:
            fee = 7
        else:
            fee = 2
        if fee == 7:
            return "failed"
        return "paid"
    """


def test_a_planted_branch_is_found(tmp_path: Path) -> None:
    """Among values that vary at random; the branch has a place, and what says the same is named beside it."""

    def traffic(shop: Any) -> None:
        dice = random.Random(1)
        for _call in range(160):
            shop.pay(dice.randrange(1000), dice.choice(["CH", "DE", "FR"]), dice.randrange(1, 31))

    cause = cause_of(facts_of(tmp_path, {"shop": BRANCH}, traffic))
    first = cause.separation.suspects[0]
    assert (first.passing, first.failing) == (0, cause.separation.failing)
    assert "fee == 7 is true" in (first.text, *(also.partition(" (")[0] for also in first.also))
    assert first.certainty == "certain"
    assert cause.shows.domain == "included code"
    assert cause.shows.function.endswith(":pay")
    assert cause.separation.explained == cause.separation.failing
    assert len(cause.separation.smallest_set) == 1


TWO = """
    def check(size, mode, label):
        if size > 90:
            return "failed"
        if mode == "old":
            return "failed"
        return "done"
    """


def test_two_causes_are_two(tmp_path: Path) -> None:
    """The smallest set explains all failures, each of its members some."""

    def traffic(shop: Any) -> None:
        dice = random.Random(2)
        for call in range(300):
            shop.check(dice.randrange(100), dice.choice(["old", "new", "new", "newer"]), f"label-{call}")

    found = separation_of(facts_of(tmp_path, {"shop": TWO}, traffic), parse_condition(FAILS))
    assert found.explained == found.failing
    assert len(found.smallest_set) == 2
    assert any("size > 90" in text or "args.size >" in text for text in found.smallest_set)
    assert any("mode" in text for text in found.smallest_set)


CHANCE = """
    import random

    def toss(a, b, c, d, name):
        if random.random() < 0.2:
            return "failed"
        return "ok"
    """


def test_chance_is_not_taken_for_a_cause(tmp_path: Path) -> None:
    """Of inputs that have nothing to do with it none is certain, however many there are; the branch itself is."""

    def traffic(shop: Any) -> None:
        dice = random.Random(3)
        for call in range(150):
            shop.toss(dice.random(), dice.randrange(5), dice.choice("xyz"), dice.random() < 0.5, f"n{call}")

    found = separation_of(facts_of(tmp_path, {"shop": CHANCE}, traffic), parse_condition(FAILS))
    assert found.tried > 50
    assert [suspect.text for suspect in found.suspects if suspect.path and suspect.certainty == "certain"] == []
    assert found.suspects[0].text == "random.random() < 0.2 is true"


def test_one_failure_among_a_few_is_no_evidence(tmp_path: Path) -> None:
    """And it says so."""

    def traffic(shop: Any) -> None:
        for size in (1, 2, 3, 99):
            shop.check(size, "new", "")

    cause = cause_of(facts_of(tmp_path, {"shop": TWO}, traffic))
    assert {suspect.certainty for suspect in cause.separation.suspects} == {"may be chance"}
    assert "chance explains each" in cause.separation.caution
    assert cause.separation.smallest_set == ()


@pytest.mark.parametrize(("fails", "said"), [("args.size > 1000", "none of 4"), ("args.size > 0", "all 4 traces fail")])
def test_where_there_is_nothing_to_compare_it_says_so(tmp_path: Path, fails: str, said: str) -> None:
    """All fail, or none does."""

    def traffic(shop: Any) -> None:
        for size in (1, 2, 3, 4):
            shop.check(size, "new", "")

    with pytest.raises(NothingToSeparate, match=said):
        cause_of(facts_of(tmp_path, {"shop": TWO}, traffic), fails)


CONFIGURED = """
    import os

    def price(net):
        if os.environ.get("SHOP_RATE") == "new":
            return "failed"
        return net
    """


def test_configuration_is_named_where_it_separates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the branch that follows from it."""

    def traffic(shop: Any) -> None:
        for rate in ("old", "new"):
            monkeypatch.setenv("SHOP_RATE", rate)
            for net in range(20):
                shop.price(net)

    cause = cause_of(facts_of(tmp_path, {"shop": CONFIGURED}, traffic))
    assert cause.shows.domain == "configuration"
    assert "environment.SHOP_RATE == 'new' in 20 of 20 failing and 0 of 20" in cause.shows.what
    assert cause.hits.passed_before
    assert (cause.hits.recorded, cause.hits.of) == (20, 40)


LIBRARY = """
    import json

    def read(text):
        return json.loads(text)
    """


def test_a_library_whose_exception_leaves_is_a_dependency(tmp_path: Path) -> None:
    """By the module of its class."""

    def traffic(shop: Any) -> None:
        for number in range(12):
            shop.read(str(number))
            with pytest.raises(ValueError, match="Expecting"):
                shop.read("{" * (number + 1))

    cause = cause_of(facts_of(tmp_path, {"shop": LIBRARY}, traffic), 'exception.type == "JSONDecodeError"')
    assert cause.shows.domain == "dependency"
    assert "json.decoder.JSONDecodeError leaves 12 of 12" in cause.shows.what


CHARGES = """
    import http.client

    def pay(gateway, amount):
        connection = http.client.HTTPConnection(gateway)
        try:
            connection.request("POST", "/charges", body=str(amount))
        except OSError:
            return "failed"
        return "paid"
    """


def test_a_system_that_fails_is_an_outbound_one(tmp_path: Path) -> None:
    """By what it answered, or by what kept it from answering."""

    def traffic(shop: Any) -> None:
        for amount in range(12):
            shop.pay("127.0.0.1:1", amount)
        shop.pay("", 1) if False else None

    facts = facts_of(tmp_path, {"shop": CHARGES}, traffic)
    cause = cause_of(facts, "args.amount > 3 and result == 'failed'")
    assert cause.separation.passing == 4
    assert {trace.columns()["exchanges['POST 127.0.0.1:1/charges'].errors"] for trace in facts} == {1}
    assert cause.shows.domain != "outbound system"  # it fails where traces pass, too


HANDLER = """
    def handle(error):
        if isinstance(error, KeyError):
            return "failed"
        return "refused"

    def take(kind, number):
        try:
            if kind == "odd":
                raise KeyError(kind)
            if number > 90:
                raise KeyError(number)
            if kind == "off":
                raise ValueError(kind)
        except (KeyError, ValueError) as error:
            return handle(error)
        return "ok"
    """


def test_a_handler_of_several_causes_is_none(tmp_path: Path) -> None:
    """It separates best of all, and follows from the two that lead to it."""

    def traffic(shop: Any) -> None:
        dice = random.Random(5)
        for _call in range(300):
            shop.take(dice.choice(["odd", "off", *["even"] * 6]), dice.randrange(100))

    found = separation_of(facts_of(tmp_path, {"shop": HANDLER}, traffic), parse_condition(FAILS))
    handler = next(
        suspect for suspect in found.suspects if "isinstance(error, KeyError) is true" in (suspect.text, *suspect.also)
    )
    assert handler.ochiai == 1
    assert len(handler.follows) == 2
    assert len(found.smallest_set) == 2
    assert found.explained == found.failing
