"""The parts of exploring, each by itself: constants, places, what was observed, values, mutations, shrinking, requests,
call probes, and the limits of what is tried."""

from __future__ import annotations

import datetime
import inspect
import json
import logging
import os
import sys
import textwrap
import types
import warnings
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from itertools import islice
from typing import Any
from urllib.parse import parse_qs, unquote_to_bytes, urlencode

import pytest
from hypothesis import HealthCheck, Verbosity, assume, example, given, settings
from hypothesis import strategies as st

from pytest_runtime.recorders import context
from pytest_runtime.recorders.capture.thaw import capture
from pytest_runtime.recorders.context import Scope
from pytest_runtime.recorders.model.value_tree import (
    AnchorNode,
    BytesNode,
    DictNode,
    ListNode,
    ObjectNode,
    RefNode,
    StandardNode,
    Tree,
    TupleNode,
    decode,
    encode,
    field,
    has_all_anchors,
    record,
)
from pytest_runtime.replay.change.versions import Versions
from pytest_runtime.replay.entries.http_fields import fields_of, render_request, with_fields
from pytest_runtime.replay.explore.analyze.branch_distance import Missing
from pytest_runtime.replay.explore.analyze.constant_pool import ConstantPool, constant_pool_of
from pytest_runtime.replay.explore.analyze.constants import number_in
from pytest_runtime.replay.explore.analyze.statefulness import keeps_state
from pytest_runtime.replay.explore.draw import drawn
from pytest_runtime.replay.explore.example_database import KEPT, InputDatabase
from pytest_runtime.replay.explore.generate.candidate_values import associated_values, values_for
from pytest_runtime.replay.explore.generate.mutations import Mutations
from pytest_runtime.replay.explore.generate.profile import Profile
from pytest_runtime.replay.explore.generate.seeds import Seed
from pytest_runtime.replay.explore.generate.tree_places import Part, part_at, parts_of, replaced
from pytest_runtime.replay.explore.generate.value_context import ValueContext
from pytest_runtime.replay.explore.shrink import Ladders, shrunk
from pytest_runtime.replay.explore.trials.call_probes import call_probes, with_call_probes
from pytest_runtime.replay.explore.trials.inner_calls import Substitution
from pytest_runtime.replay.explore.trials.trial_runner import bound_memory
from pytest_runtime.replay.world.rebuild import build
from pytest_runtime.replay.world.resolver import Resolver

SECRET = "xk7-Planted-Secret-Q9"

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.binary(max_size=5)
    | st.decimals()
    | st.fractions()
    | st.dates()
    | st.datetimes()
    | st.datetimes(timezones=st.just(datetime.UTC))
    | st.timedeltas()
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=8,
)
trees = values.map(capture)
calls = st.tuples(trees, trees).map(lambda pair: call(*pair))

NAMES = ("first", "second")


def call(*given: Tree, **named: Tree) -> Tree:
    """(receiver, args, kwargs) of a function."""
    return TupleNode([None, TupleNode(list(given)), record(**named)])


def constants(source: str, *, base: str = "", function: str = "f") -> ConstantPool:
    """Of one function."""
    new = textwrap.dedent(source)
    return constant_pool_of(Versions({"m": textwrap.dedent(base) if base else new}, {"m": new}), [f"m:{function}"])


NOTHING = constants("def f(): pass")


# --- constants ----------------------------------------------------------------------------------------------------


def test_constants_of_changed_lines_come_first() -> None:
    """Of both versions; those of other lines after them, docstrings never."""
    source = 'def f(a):\n    """90"""\n    if a > 7: return 8\n    return a * {0}\n'
    found = constants(source.format(3), base=source.format(2))
    assert set(found.changed) == {2, 3}
    assert found.all[:2] == found.changed
    assert set(found.all) == {2, 3, 7, 8}


@pytest.mark.parametrize(
    ("body", "name", "known"),
    [
        ("return a > 100", "a", (100,)),
        ("return a.tier == 'gold'", "tier", ("gold",)),
        ("return a['tier'] in ('gold', 'tin')", "tier", ("gold", "tin")),
        ("return a.get('days', 30)", "days", (30,)),
        ("total = a.price\n    return total > 5", "price", (5,)),
        ("return a > LIMIT", "a", (77,)),
        ("return min(a, 12)", "a", (12,)),
        ("match a:\n        case 'x': return 1", "a", ("x",)),
        ("return helper(a)", "deep", (4,)),
        ("return a.startswith('Mr ')", "a", ("Mr ",)),
    ],
)
def test_a_constant_is_associated_with_what_it_is_compared_with(body: str, name: str, known: tuple[Any, ...]) -> None:
    """Variables, attributes, keys; through assignments, constants of the module and functions that are called."""
    source = f"LIMIT = 77\n\ndef helper(deep):\n    return deep > 4\n\ndef f(a):\n    {body}\n"
    assert set(known) <= set(constants(source).associated[name])


def test_a_negative_constant_keeps_its_sign() -> None:
    """`-5` is a number of the source as 5 is."""
    found = constants("def f(a):\n    return a < -5\n")
    assert -5 in found.associated["a"]
    assert -5 in found.all


def test_what_is_tested_is_known() -> None:
    """Truth and lengths; keys that are looked up."""
    assert constants("def f(a):\n    if a: return 1\n").tests_truth
    assert constants("def f(a):\n    return len(a)\n").tests_truth
    plain = constants("def f(a):\n    return a['key'] + a.get('other')\n")
    assert (plain.tests_truth, plain.keys) == (False, ("key", "other"))


def test_a_version_that_does_not_parse_has_no_constants() -> None:
    """The other one counts."""
    assert constants("def f(a): return 7\n", base="def f(a:").all == (7,)


@pytest.mark.parametrize(("text", "number"), [("12", 12), (" -3 ", -3), ("2.5", 2.5), ("", None), ("½", None)])
def test_a_text_that_spells_a_number(text: str, number: float | None) -> None:
    """Or none."""
    assert number_in(text) == number


# --- places -------------------------------------------------------------------------------------------------------


@given(calls)
@settings(max_examples=40)
def test_what_replaces_a_part_is_there(tree: Tree) -> None:
    """And what was there, put back, gives the tree again."""
    parts = parts_of(tree, NAMES)
    for part in parts[:40]:
        assert replaced(tree, part.place, part_at(tree, part.place)) == tree or "nan" in repr(tree).lower()
        assert part_at(tree, part.place) is part.tree
        changed = replaced(tree, part.place, "another")
        assert part_at(changed, part.place) == "another"
        assert encode(replaced(changed, part.place, part.tree)) == encode(tree)


def test_parts_are_known_by_their_names() -> None:
    """Parameters, keys that are names, attributes; keys that are data, and positions, are left out of the pattern."""
    order = ObjectNode("m:Order", None, ["_total"], [5])
    tree = call(record(tier="gold", **{"a@b.example": 1}), ListNode([order]), deep=7)
    found = {part.pattern: part.name for part in parts_of(tree, NAMES)}
    assert found["first.tier"] == "tier"
    assert found["first.*"] == "first"
    assert found["second[*]._total"] == "total"
    assert found["deep"] == "deep"
    assert "args" not in found


def test_what_was_made_by_an_entry_is_left_whole() -> None:
    """No part of an object that is made again can be changed."""
    made = ObjectNode("m:Order", None, ["total"], [5], "made 0 return")
    tree = call(made, 3)
    assert [part.pattern for part in parts_of(tree, NAMES, by_producers=True)] == ["second", "kwargs"]
    assert "first.total" in [part.pattern for part in parts_of(tree, NAMES)]


def test_a_place_that_is_none_is_an_error() -> None:
    """With something that the caller can catch."""
    for place in ((7,), (1, 5), (1, 0, "=3")):
        with pytest.raises((LookupError, AttributeError)):
            replaced(call(1, 2), place, 3)


def test_a_reference_without_its_anchor_is_not_whole() -> None:
    """A change may take the first occurrence of a shared value away."""
    shared = call(AnchorNode(1, ListNode([1])), RefNode(1))
    assert has_all_anchors(shared)
    assert has_all_anchors(replaced(shared, (1, 0), "changed"))
    assert not has_all_anchors(call(ListNode([]), RefNode(1)))


# --- what was observed --------------------------------------------------------------------------------------------


def profile(*trees: Tree, known: ConstantPool = NOTHING) -> Profile:
    """What was observed of calls."""
    return Profile([parts_of(tree, NAMES) for tree in trees], known)


def near(seen: Profile, tree: Tree) -> bool:
    """Whether every part of a call is."""
    return all(map(seen.is_near, parts_of(tree, NAMES)))


@given(st.lists(calls, min_size=1, max_size=4))
@settings(max_examples=40)
def test_what_was_recorded_is_near(recorded: list[Tree]) -> None:
    """Whatever it is."""
    seen = profile(*recorded)
    assert all(near(seen, tree) for tree in recorded)


@given(calls, calls)
@example(call(float("nan"), 0), call(1.0, 0))
def test_whether_an_input_is_near_can_always_be_said(recorded: Tree, other: Tree) -> None:
    """Whatever was recorded, and whatever is tried."""
    assert near(profile(recorded), other) in (True, False)


@pytest.mark.parametrize(
    ("recorded", "tried", "is_near"),
    [
        ([1, 9], 5, True),
        ([1, 9], 10, False),
        ([1, 9], 100, True),
        ([1, 9], 101, True),
        ([1, 9], 103, False),
        ([1, 9], 5.0, False),
        ([1, 9], None, False),
        (["ann", "robert"], "zoe", True),
        (["ann", "robert"], "zoe7", False),
        (["ann", "robert"], "", False),
        (["ann"], "gold", True),
        ([[1], [1, 2, 3]], [2, 2], True),
        ([[1], [1, 2, 3]], [1, 1, 1, 1], False),
        ([{"a": 1}, {"a": 1, "b": 2}], {"a": 1}, True),
        ([{"a": 1}, {"a": 1, "b": 2}], {"b": 2}, False),
        ([{"a": 1}], {"a": 1, "c": 2}, False),
        ([datetime.date(2024, 1, 1)], datetime.date(2027, 12, 31), True),
        ([datetime.date(2024, 1, 1)], datetime.date(2028, 1, 3), False),
        ([datetime.date(2024, 1, 1)], datetime.date(2023, 12, 31), False),
    ],
)
def test_near_is_within_what_was_observed_or_on_the_edge_of_a_constant(
    recorded: list[Any], tried: Any, is_near: bool
) -> None:
    """Types, ranges, lengths, keys, kinds of characters; 100 and "gold" stand in the source."""
    known = constants("def f(a):\n    return a == 100 or a == 'gold'\n")
    seen = profile(*(call(capture(value)) for value in recorded), known=known)
    assert near(seen, call(capture(tried))) is is_near


def test_empty_and_zero_are_near_where_truth_is_tested() -> None:
    """And nowhere else."""
    tests = constants("def f(a):\n    if not a: return\n")
    for recorded, empty in ((capture([1]), capture([])), ("x", ""), (4, 0)):
        assert near(profile(call(recorded), known=tests), call(empty))
        assert not near(profile(call(recorded)), call(empty))


# --- values -------------------------------------------------------------------------------------------------------


def around(tree: Tree, known: ConstantPool = NOTHING) -> tuple[Part, ValueContext]:
    """The first argument of a call, and what is known there."""
    parts = parts_of(tree, NAMES)
    return parts[0], ValueContext(known, profile(tree, known=known), parts)


some_constants = st.lists(st.integers() | st.floats() | st.text(max_size=8), max_size=4).map(
    lambda found: NOTHING._replace(all=tuple(found), changed=tuple(found), associated={"first": tuple(found)})
)


@given(trees, some_constants)
@example(capture(3), constants('def f(first):\n    return first < float("inf")\n'))
@example(capture(3), constants(f"def f(first):\n    return first < {10**400}\n"))
@example(capture(datetime.timedelta(1)), constants("def f(first):\n    return first.days > 10_000_000_000\n"))
@example(capture(datetime.date(1900, 1, 1)), NOTHING)
@settings(max_examples=60)
def test_there_are_values_for_everything(tree: Tree, known: ConstantPool) -> None:
    """Each once, the part itself not among them, and all of them value trees that can be sent."""
    part, here = around(call(tree, 1), known)
    found = list(values_for(part, here))
    keys = [encode(value) for value in found]
    assert len(set(keys)) == len(keys)
    assert encode(tree) not in keys
    assert [encode(decode(key)) for key in keys] == keys


@pytest.mark.parametrize("year", [1900, 2101])
def test_a_date_in_a_century_without_a_leap_year(year: int) -> None:
    """1900-01-01 stands for "no date" in many a service."""
    part, here = around(call(capture(datetime.date(year, 1, 1))))
    assert len(list(values_for(part, here))) > 10


def test_infinity_in_the_source_is_no_number_to_step_from() -> None:
    """`best = float("inf")` is common."""
    known = constants('def f(first):\n    best = float("inf")\n    return first < best\n')
    part, here = around(call(3), known)
    assert 4 in list(values_for(part, here))


def test_the_constant_associated_with_a_name_comes_first() -> None:
    """With a step to either side."""
    part, here = around(call(3), constants("def f(first):\n    return first > 100\n"))
    assert {100, 101} == set(list(values_for(part, here))[:2])
    assert 99 in list(values_for(part, here))


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (True, [False]),
        ("strasse", ["", "STRASSE", "straße"]),
        (Decimal("1.50"), [Decimal("2.675"), Decimal(0)]),
        (datetime.date(2023, 5, 5), [datetime.date(2020, 2, 29), datetime.date(2023, 12, 31)]),
        ([1, 2], [[], [1], [2, 1], [1, 2, 1]]),
        ({"a": 1, "b": 2}, [{"b": 2}, {"a": 1}, {}]),
        (4, [0, -4, None]),
    ],
)
def test_awkward_values_of_the_type_are_tried(value: Any, wanted: list[Any]) -> None:
    """From a short list."""
    part, here = around(call(capture(value)))
    found = list(map(encode, values_for(part, here)))
    assert [value for value in wanted if encode(capture(value)) not in found] == []


# --- mutations -----------------------------------------------------------------------------------------------------


def mutations(*trees: Tree, known: ConstantPool = NOTHING) -> Mutations:
    """Of recorded calls."""
    return Mutations([Seed(number, tree, NAMES) for number, tree in enumerate(trees)], known, [("more", 1)])


@given(st.lists(calls, min_size=1, max_size=3), st.lists(st.integers(0, 2**128 - 1), max_size=5))
@settings(max_examples=12, deadline=None)
def test_every_input_is_another_one(recorded: list[Tree], numbers: list[int]) -> None:
    """None twice and none that was recorded, also of those that Hypothesis draws; the same ones each time."""
    made = mutations(*recorded)
    found = made.batch(40)
    for mutant in found[:2]:
        made.add_seed(mutant, 0.0, Missing(frozenset({"first"})))
    found += made.batch(10)
    found += [mutant for mutant in map(made.of_number, numbers) if mutant is not None]
    keys = [encode(mutant.tree) for mutant in found]
    assert len(set(keys)) == len(keys)
    assert not set(keys) & set(map(encode, recorded))
    assert all(has_all_anchors(mutant.tree) for mutant in found)
    again = mutations(*recorded).batch(40)
    assert [encode(mutant.tree) for mutant in again] == keys[: len(again)]


def test_arguments_stay_correlated() -> None:
    """Most inputs are a recorded call in which one part is another."""
    recorded = [call(capture({"id": n, "name": f"n{n}"}), n * 10) for n in range(1, 6)]
    made = mutations(*recorded)
    single = 0
    for mutant in made.batch(60):
        own = {part.place: encode(part.tree) for part in parts_of(recorded[mutant.seed], NAMES)}
        now = {part.place: encode(part.tree) for part in parts_of(mutant.tree, NAMES)}
        leaves = [place for place in own if place in now and len(place) > 2 and own[place] != now[place]]
        single += len(leaves) <= 1
    assert single > 30


def test_an_argument_that_may_be_left_out_is_given_too() -> None:
    """An optional parameter is tried although no call gave it."""
    found = [field(part_at(mutant.tree, (2,)), "more") for mutant in mutations(call(1, 2)).batch(60)]
    assert any(value is not None for value in found)


def test_a_truth_value_is_not_put_where_a_number_stood() -> None:
    """Nor a number where a truth value stood, also where both were seen in other calls."""
    pool = NOTHING._replace(all=(True, 1, False, 0, 7), associated={"first": (True, 1, 7), "second": (1, True)})
    recorded = [call(3, True), call(4, False), call(True, 7)]
    here = ValueContext(pool, mutations(*recorded, known=pool).pool.profile, [])
    parts = [part for tree in recorded for part in parts_of(tree, NAMES) if type(part.tree) in (bool, int)]
    assert len(parts) > 4
    for part in parts:
        for value in (*islice(values_for(part, here), 200), *associated_values(part, here)):
            assert {type(part.tree), type(value)} != {bool, int}


def test_an_input_is_made_near_by_letters_of_recorded_kinds() -> None:
    """A blank where only letters and dashes were seen; a text of another length stays far."""
    made = mutations(call("north-sea", 1), call("baltic", 1))
    assert not made.is_near(call("north sea", 1))
    found = [part_at(tree, (1, 0)) for tree in made.in_recorded_letters(call("north sea", 1))]
    assert found == ["north-sea", "northzsea"]
    assert made.in_recorded_letters(call("north-sea", 1)) == []
    assert made.in_recorded_letters(call("a " * 40, 1)) == []


# --- drawing and shrinking ----------------------------------------------------------------------------------------


def test_hypothesis_draws_the_same_each_time_whatever_a_project_set() -> None:
    """As many as were asked for, in a fixed order, under any profile."""
    first = drawn(30, lambda number: number)
    settings.register_profile("terse", max_examples=1, phases=())
    settings.load_profile("terse")
    try:
        assert drawn(30, lambda number: number) == first
    finally:
        settings.load_profile("default")
    assert len(first) == 30
    assert len(set(first)) > 20


def sum_of(tree: Tree) -> int:
    """Of all integers in a tree."""
    pending, total = [tree], 0
    while pending:
        part = pending.pop()
        total += part if type(part) is int else 0
        pending += getattr(part, "items", None) or getattr(part, "values", None) or []
    return total


@given(trees)
@example(call(capture([5, 60, 7]), 3))
@settings(max_examples=25, deadline=None)
def test_the_top_of_every_ladder_is_the_input(tree: Tree) -> None:
    """Back from its numbers it is what was found, to the byte."""
    ladders = Ladders(tree)
    assert encode(ladders.tree(ladders.heights)) == encode(tree)
    assert encode(ladders.tree([0] * len(ladders.heights))) is not None


@given(st.lists(st.integers(-50, 500), max_size=6), st.integers(0, 300))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.nested_given])
def test_what_is_shrunk_still_differs(items: list[int], least: int) -> None:
    """And is no larger than what was found, after no more attempts than were allowed."""
    tree = call(capture(items), 700)
    asked: list[Tree] = []

    def differ(some: list[Tree]) -> list[bool]:
        asked.extend(some)
        return [sum_of(tree) >= least for tree in some]

    assume(sum_of(tree) >= least)
    small = shrunk(tree, NAMES, differ, attempts=30)
    assert sum_of(small) >= least
    assert len(encode(small)) <= len(encode(tree))
    assert len(asked) <= 30


def test_shrinking_ends_at_the_simplest_input() -> None:
    """Items that do not matter go, numbers become small, texts empty; a name of an argument stays."""
    tree = call(capture([{"price": 5, "name": "pen"}, {"price": 70, "name": "ink"}]), 3, coupon="X-12")
    assert shrunk(tree, NAMES, lambda some: [True] * len(some)) == call(ListNode([]), 0, coupon="")
    small = shrunk(tree, NAMES, lambda some: [sum_of(tree) > 60 for tree in some])
    assert small == call(ListNode([record(price=70)]), 0, coupon="")


def test_hypothesis_sees_no_value(capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is printed, logged or warned of while an input is shrunk; not even where a project wants noise."""
    caplog.set_level(logging.DEBUG)
    settings.register_profile("loud", verbosity=Verbosity.debug, print_blob=True)
    settings.load_profile("loud")
    try:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            tree = call(capture([SECRET, SECRET * 40]), 3)
            small = shrunk(tree, NAMES, lambda some: [SECRET in repr(tree) for tree in some])
    finally:
        settings.load_profile("default")
    assert SECRET in repr(small)
    printed = capsys.readouterr()
    assert (printed.out, printed.err, caplog.text, warned) == ("", "", "", [])


# --- keeping ------------------------------------------------------------------------------------------------------


def test_what_is_kept_is_found_again_and_what_is_not_wanted_goes(tmp_path: Any) -> None:
    """By function; `KEPT` at most; a file that is no value tree is nothing."""
    database = InputDatabase(tmp_path)
    database.save("m:f", [("t", call(n)) for n in range(KEPT + 5)])
    assert len(database.load("m:f")) == KEPT
    database.save("m:f", [("t", call(1))])
    assert database.load("m:f") == [("t", call(1))]
    assert database.load("m:g") == []
    for path in [path for path in tmp_path.rglob("*") if path.is_file()]:
        path.write_bytes(b"\xc1 nothing")
    assert database.load("m:f") == []


# --- state --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "keeps"),
    [
        ("CACHE = {}\ndef f(a): return CACHE.get(a)\n", True),
        ("def f(a):\n    global N\n    N = a\n", True),
        ("import functools\n@functools.lru_cache(maxsize=3)\ndef f(a): return a\n", True),
        ("RATES: dict[str, int] = {}\ndef f(a): RATES[a] = 1\n", True),
        ("LIMIT = 3\ndef f(a): return LIMIT\n", False),
        ("NAMES = []\ndef f(a): return a\n", False),
    ],
)
def test_whether_a_module_keeps_something(source: str, keeps: bool) -> None:
    """Containers that functions use, globals that they set, caches."""
    assert keeps_state(Versions({"m": source}, {"m": source}), ["m:f"]) is keeps


# --- requests -----------------------------------------------------------------------------------------------------


def request(path: str = "/", query: str = "", kind: str = "", body: bytes = b"", **more: str) -> Tree:
    """A recorded request."""
    environ = {"REQUEST_METHOD": "POST", "PATH_INFO": path, "QUERY_STRING": query, "CONTENT_TYPE": kind, **more}
    return record(environ=record(**environ), body=BytesNode(body), read_all=True)


def meaning(tree: Tree) -> tuple[Any, ...]:
    """What a service can see of a request."""
    environ, body = field(tree, "environ"), field(tree, "body")
    assert isinstance(body, BytesNode)
    data = body.data
    kind = str(field(environ, "CONTENT_TYPE"))
    shown: Any = json.loads(data) if "json" in kind and data else data
    if "form" in kind:
        shown = parse_qs(data.decode(), keep_blank_values=True)
    query = parse_qs(str(field(environ, "QUERY_STRING")), keep_blank_values=True)
    return field(environ, "PATH_INFO"), query, repr(shown)


documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
pairs = st.lists(st.tuples(st.text(min_size=1, max_size=4), st.text(max_size=5)), max_size=4)
segments = st.lists(
    st.text(max_size=5).map(lambda text: text.replace("/", "").encode().decode("latin-1")) | st.from_regex(r"[0-9]+"),
    max_size=4,
)


@given(segments, pairs, documents)
@example(["items", "007"], [], None)
@example(["items", "\xb2"], [], None)
@example([], [("next", "%41")], None)
@settings(deadline=None)
def test_the_fields_of_a_request_put_back_are_the_request(
    path: list[str], query: list[tuple[str, str]], document: Any
) -> None:
    """The same path, query and JSON document to whoever serves it."""
    asked = request("/" + "/".join(path), urlencode(query), "application/json", json.dumps(document).encode())
    assert meaning(with_fields(asked, fields_of(asked))) == meaning(asked)


@pytest.mark.parametrize("number", ["007", "12345678901234567890123", "\xb2", "9" * 5000])
def test_a_number_in_a_path_stays_what_it_is(number: str) -> None:
    """A code with leading zeros, a number beyond 64 bits, a superscript, more digits than Python reads."""
    asked = request(f"/items/{number}")
    fields = fields_of(asked)
    assert decode(encode(fields)) == fields
    assert meaning(with_fields(asked, fields)) == meaning(asked)


def test_a_percent_sign_in_a_value_is_kept() -> None:
    """It was decoded once; a second time makes another value."""
    asked = request("/", urlencode({"next": "/a%2Fb"}))
    assert meaning(with_fields(asked, fields_of(asked))) == meaning(asked)


@given(pairs)
def test_a_form_put_back_is_the_form(fields: list[tuple[str, str]]) -> None:
    """Each name with its values, in their order."""
    assume(not any("%" in value for _name, value in fields))
    asked = request("/", "", "application/x-www-form-urlencoded", urlencode(fields).encode())
    assert meaning(with_fields(asked, fields_of(asked))) == meaning(asked)


def test_other_fields_make_another_request() -> None:
    """With the length that it has now, and the raw address that servers add."""
    asked = request("/items/7/x", "page=2&page=3", "application/json; charset=utf-8", b'{"a": 1}', CONTENT_LENGTH="8")
    fields = fields_of(asked)
    assert fields == record(path=DictNode(["part 2"], [7]), query=record(page=ListNode(["2", "3"])), json=record(a=1))
    made = with_fields(asked, replaced(replaced(fields, ("=0", "=0"), -1), ("=2", "=0"), "ü"))
    environ = field(made, "environ")
    assert field(environ, "PATH_INFO") == "/items/-1/x"
    assert field(made, "body") == BytesNode(json.dumps({"a": "ü"}).encode())
    assert field(environ, "CONTENT_LENGTH") == str(len(json.dumps({"a": "ü"})))
    assert render_request(asked, fields) == 'POST /items/7/x?page=2&page=3 {"a": 1}'


def test_the_raw_address_says_the_same() -> None:
    """WSGI has the bytes of a path as Latin-1."""
    path = "/café".encode().decode("latin-1")
    asked = request(path, "a=1", RAW_URI="/caf%C3%A9?a=1")
    raw = str(field(field(with_fields(asked, fields_of(asked)), "environ"), "RAW_URI"))
    assert unquote_to_bytes(raw.partition("?")[0]) == path.encode("latin-1")


@pytest.mark.parametrize(
    ("kind", "body"), [("application/json", b"{not json"), ("text/plain", b"\xff"), ("application/json", b"")]
)
def test_a_body_that_is_not_what_it_says_stays(kind: str, body: bytes) -> None:
    """To the byte."""
    asked = request("/", "", kind, body)
    made = with_fields(asked, fields_of(asked))
    assert field(made, "body") == BytesNode(body)


# --- call probes --------------------------------------------------------------------------------------------------

PROBED = '''
    """A module."""
    from __future__ import annotations

    import functools

    def plain(a, b=2, /, c=3, *rest, d=4, **more):
        """With everything."""
        return a, b, c, rest, d, more

    def decorated(function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            return function(*args, **kwargs)
        return wrapper

    @decorated
    def wrapped(a, *, b=1):
        inner = lambda: (a, b)
        a = a + 1
        return inner()

    def numbers(count):
        yield from range(count)

    def only_text(a):
        """Nothing else."""

    def failing(a):
        raise ValueError(a)

    class Home:
        def __init__(self, rooms):
            self.rooms = rooms

        def with_more(self, count=1):
            return type(self)(self.rooms + count)

        @classmethod
        def small(cls, rooms=1):
            return cls(rooms)

        @staticmethod
        def double(rooms):
            return rooms * 2

        @property
        def size(self):
            return self.rooms

        def hidden(self, __count):
            return __count

        def __eq__(self, other):
            return type(other) is type(self) and other.rooms == self.rooms

    class Large(Home):
        def __init__(self, rooms):
            super().__init__(rooms * 10)
    '''

USES: dict[str, Any] = {
    "plain": lambda m: (m.plain(1), m.plain(1, 5, 6, 7, 8, d=9, x=1), m.plain(1, 2, c=7, a=3)),
    "wrapped": lambda m: (m.wrapped(1), m.wrapped(1, b=5)),
    "numbers": lambda m: list(m.numbers(3)),
    "only_text": lambda m: (m.only_text(1), m.only_text.__doc__),
    "Home.__init__": lambda m: m.Home(3).rooms,
    "Home.with_more": lambda m: m.Home(3).with_more(2).rooms,
    "Home.small": lambda m: (m.Home.small().rooms, m.Large.small(2).rooms),
    "Home.double": lambda m: m.Home.double(4),
    "Home.size": lambda m: m.Large(2).size,
    "Home.hidden": lambda m: m.Home(1).hidden(5),
    "Large.__init__": lambda m: m.Large(3).rooms,
}


def module(code: types.CodeType) -> types.ModuleType:
    """Run as a module of its own."""
    made = types.ModuleType("probed_here")
    sys.modules["probed_here"] = made
    exec(code, made.__dict__)  # the module under test
    return made


@pytest.fixture
def both() -> Iterator[tuple[types.ModuleType, types.ModuleType]]:
    """The module as it is, and with call probes, in a trace."""
    source = textwrap.dedent(PROBED)
    plain = module(compile(source, "plain.py", "exec"))
    token = context.enter(Scope(None))
    try:
        yield plain, module(with_call_probes(source, "probed_here", "probed.py"))
    finally:
        call_probes.end()
        context.leave(token)
        del sys.modules["probed_here"]


def live(tree: Tree) -> Any:
    """Built on the module."""
    return build(tree, Resolver(["probed_here"]), None, None)


@pytest.mark.parametrize("name", USES)
def test_code_with_call_probes_behaves_as_it_did(both: tuple[types.ModuleType, types.ModuleType], name: str) -> None:
    """While nothing is asked, while its calls are reported, and after."""
    plain, with_probes = both
    expected = USES[name](plain)
    assert USES[name](with_probes) == expected
    call_probes.begin({f"probed_here:{name}": 9}, None, {}, live)
    assert USES[name](with_probes) == expected
    assert call_probes.calls != []
    assert {(call.function, call.number) for call in call_probes.calls} == {
        (f"probed_here:{name}", at) for at in range(len(call_probes.calls))
    }
    call_probes.end()
    assert USES[name](with_probes) == expected


@pytest.mark.parametrize("name", USES)
def test_a_call_that_is_substituted_by_itself_changes_nothing(
    both: tuple[types.ModuleType, types.ModuleType], name: str
) -> None:
    """What a prologue reports of a call are its arguments, however they were given."""
    _plain, with_probes = both
    call_probes.begin({f"probed_here:{name}": 9}, None, {}, live)
    expected = USES[name](with_probes)
    for seen in call_probes.calls:
        call_probes.begin({}, Substitution(seen.function, seen.number, seen.arguments, seen.arguments), {}, live)
        assert USES[name](with_probes) == expected
        assert call_probes.substituted


def test_one_call_gets_other_arguments(both: tuple[types.ModuleType, types.ModuleType]) -> None:
    """The one with that number; the others keep theirs."""
    _plain, with_probes = both
    call_probes.begin({}, Substitution("probed_here:plain", 1, call(2), call(7, 8, 9, 10, d=11, x=12)), {}, live)
    first, second, third = (with_probes.plain(n) for n in (1, 2, 3))
    assert (first[0], third[0]) == (1, 3)
    assert second == (7, 8, 9, (10,), 11, {"x": 12})


def test_an_argument_that_is_left_out_is_its_default(both: tuple[types.ModuleType, types.ModuleType]) -> None:
    """As in a call that does not give it."""
    _plain, with_probes = both
    given = capture((None, (1, 5, 6), {"d": 9}))
    call_probes.begin({}, Substitution("probed_here:plain", 0, given, call(1)), {}, live)
    assert with_probes.plain(1, 5, 6, d=9) == (1, 2, 3, (), 4, {})


def test_another_call_of_that_number_is_left_alone(both: tuple[types.ModuleType, types.ModuleType]) -> None:
    """Changed code may call a function in another order, or less often: then nothing is said of it."""
    _plain, with_probes = both
    call_probes.begin({}, Substitution("probed_here:plain", 0, call(1), call(7)), {}, live)
    assert with_probes.plain(2)[0] == 2
    assert not call_probes.substituted


def test_signatures_and_lines_are_those_of_the_source(both: tuple[types.ModuleType, types.ModuleType]) -> None:
    """What inspects the code sees no prologue."""
    plain, with_probes = both
    for name in ("plain", "wrapped", "only_text"):
        assert inspect.signature(getattr(with_probes, name)) == inspect.signature(getattr(plain, name))
        assert getattr(with_probes, name).__doc__ == getattr(plain, name).__doc__
    lines = []
    for version in both:
        with pytest.raises(ValueError, match="x") as caught:
            version.failing("x")
        lines.append(caught.traceback[-1].lineno)
    assert lines[0] == lines[1]


def test_outside_a_trace_nothing_is_reported() -> None:
    """Imports and threads of their own are calls of no trace."""
    source = "def f(a):\n    return a\n"
    made = module(with_call_probes(source, "probed_here", "probed.py"))
    try:
        call_probes.begin({"probed_here:f": 5}, None, {}, live)
        assert made.f(1) == 1
        assert call_probes.calls == []
    finally:
        call_probes.end()
        del sys.modules["probed_here"]


# --- limits -------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is Linux's")
def test_a_process_is_bounded_by_what_it_may_take_beyond_what_it_has() -> None:
    """What asks for more gets MemoryError, what asks for less gets it."""
    child = os.fork()
    if not child:
        status = 1
        try:
            bound_memory(1 << 28)
            small = len(bytes(1 << 20))
            try:
                bytes(1 << 30)
            except MemoryError:
                status = 0 if small else 1
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_parts_of_standard_types_are_no_parts_by_themselves() -> None:
    """A decimal or a date is changed as a whole."""
    tree = call(capture(Decimal("1.5")), capture(Fraction(1, 3)))
    assert [part.tree for part in parts_of(tree, NAMES)] == [
        StandardNode("decimal", ["1.5"]),
        capture(Fraction(1, 3)),
        DictNode([], []),
    ]
