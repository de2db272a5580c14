"""Names of items: safe in a node id, stable under unrelated edits, unique."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_runtime.recorders.model.branches import Arm, Branch
from pytest_runtime.recorders.model.trace import PathClass
from pytest_runtime.recorders.store.protocol import StoredClass
from pytest_runtime.replay.judge.path_names import SLUG_LENGTH, file_name, name_classes, slug
from pytest_runtime.testing import Replayed, Scenario

SAFE = re.compile(r"[A-Za-z0-9_.:-]+")


def path_class(entry: str, path: str, *arms: tuple[str, str], outcome: str = "returned") -> StoredClass:
    """A stored class with some arms."""
    described = [Arm(Branch("shop:f", condition, 0, 1), taken) for condition, taken in arms]
    return StoredClass(entry, path, 1, {}, PathClass(described, outcome, False))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.text(min_size=1), st.text(), st.text()), min_size=1, max_size=6))
def test_a_name_is_safe_and_unique_whatever_the_conditions_say(rows: list[tuple[str, str, str]]) -> None:
    """Only letters, digits and `_ . : -`; no two items of a baseline share a name."""
    classes = {(entry, path): path_class(entry, path, (condition, "true")) for entry, path, condition in rows}
    named = name_classes(list(classes.values()))
    assert set(named) == set(classes)
    assert all(SAFE.fullmatch(name.item) and "::" not in name.item for name in named.values())
    assert len({name.item for name in named.values()}) == len(classes)


@given(st.text())
def test_a_slug_is_short(text: str) -> None:
    """It is cut at a word where there is one."""
    assert len(slug(text)) <= SLUG_LENGTH
    assert re.fullmatch(r"[A-Za-z0-9_-]*", slug(text))


@given(st.text())
def test_a_file_is_named_inside_its_folder(text: str) -> None:
    """A module's name from a baseline leads nowhere else; real names stay what they are."""
    assert "/" not in file_name(f"../{text}")
    assert file_name("shop.web.views_2") == "shop.web.views_2"


def words(one: StoredClass, siblings: list[StoredClass]) -> str:
    """What tells a class from its siblings."""
    return name_classes(siblings)[one.entry, one.path].words


def test_operators_are_written_as_words() -> None:
    """What a shell or pytest would take for something else can still be read."""
    assert slug("total >= 10_000 is true") == "total-ge-10000-true"
    assert slug("POST /trades") == "POST-trades"


def test_a_class_is_named_by_what_its_siblings_do_not_share() -> None:
    """Arms that all share say nothing."""
    classes = [
        path_class("e", "a", ("shared", "true"), ("total > 1", "true")),
        path_class("e", "b", ("shared", "true"), ("total > 1", "false")),
    ]
    assert words(classes[0], classes) == "total > 1 is true"
    assert words(classes[1], classes) == "total > 1 is false"


def test_a_class_without_arms_of_its_own_is_named_by_what_it_lacks() -> None:
    """Two words at most."""
    classes = [
        path_class("e", "a"),
        path_class("e", "b", ("x", "true")),
        path_class("e", "c", ("x", "true"), ("y", "true")),
    ]
    assert words(classes[0], classes) == "x never true"


def test_the_only_class_is_named_by_its_outcome() -> None:
    """There is nothing to tell it from."""
    [one] = [path_class("e", "a", ("x", "true"), outcome="200")]
    assert words(one, [one]) == "200"


SHOP = """
    LIMIT = 100

    def fee(total):
        if total > LIMIT:
            return 7
        for number in range(total):
            if number == 2:
                return 2
        return total
    """


def names(replayed: Replayed) -> list[str]:
    """Names of the items."""
    return [one.item for one in replayed.classes]


def test_names_are_stable_under_unrelated_edits(tmp_path: Path) -> None:
    """A recording of code that moved and grew elsewhere gives the same names: no line numbers, no counters."""

    def traffic(shop: Any) -> None:
        for total in (1, 5, 500):
            shop.fee(total)

    scenario = Scenario(tmp_path, {"shop": SHOP}).record(traffic)
    before = names(scenario.replay())
    scenario.change(
        "shop", "LIMIT = 100", '"""Documented."""\n\nLIMIT = 100\n\ndef another(a):\n    return a if a else None\n'
    )
    assert names(scenario.replay()) == before
    Path(scenario.store).unlink()
    assert names(scenario.record(traffic).replay()) == before
    assert len(before) == len(set(before)) == 3
    assert all(SAFE.fullmatch(name) for name in before)
