"""The project's rules of comparison: each tolerates what it says and nothing else, and none silences a trace."""

from __future__ import annotations

import datetime
import uuid
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_runtime.recorders.capture.thaw import capture
from pytest_runtime.recorders.model.value_tree import (
    EnumNode,
    GlobalNode,
    ListNode,
    ObjectNode,
    OpaqueNode,
    Tree,
    TupleNode,
)
from pytest_runtime.recorders.model.world import Operation
from pytest_runtime.replay.compare.observations import compare
from pytest_runtime.replay.compare.remaining import left_by
from pytest_runtime.replay.compare.tolerance import FieldAt, RuleFailed
from pytest_runtime.replay.model.field_path import field_pattern, fits, without_positions
from pytest_runtime.replay.model.observation import Observation, Outbound, OutcomeKind
from pytest_runtime.rules.compare_rule import CompareRule
from pytest_runtime.rules.plain import NotPlain, plain
from pytest_runtime.rules.project_rules import CompareHooks, EntryRules, ProjectRules


def rule(field: str, **says: Any) -> CompareRule:
    """A rule with a reason."""
    return CompareRule(field=field, reason="because", **says)


def rules(*given: CompareRule, hooks: CompareHooks | None = None, entry: str = "shop:fee") -> EntryRules:
    """The rules for one comparison."""
    return ProjectRules(given, lambda: hooks or CompareHooks())(entry)


def observation(value: Any, *calls: str, kind: OutcomeKind = "return") -> Observation:
    """A run that returned a value, captured, and called a declared boundary with some texts."""
    operation = Operation("declared", "pay", "shop.Gateway", "write")
    outbound = [Outbound(operation, capture((text,)), None, True, None, 0) for text in calls]
    return Observation(kind, value if isinstance(value, ObjectNode) else capture(value), None, outbound)


def fields(base: Any, candidate: Any, applied: EntryRules) -> list[str]:
    """The fields of two returned values that still differ."""
    return [one.field for one in compare(observation(base), observation(candidate), applied)]


# --- patterns of fields -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "field"),
    [
        ("response.json.items[*].score", "response.json.items[17].score"),
        ("return[*]", "return['a key']"),
        ("return[*]", "return[('a]', 'b')]"),
        ("return.x_*_ms", "return.x_total_ms"),
        ("return.*.score", "return.first.score"),
        ("return.*", "return.first"),
        ("return['a*']", "return['a*']"),
        ("POST */validate json.score", "POST 127.0.0.1:8080/validate json.score"),
        ("POST */validate", "POST 127.0.0.1:8080/validate "),
        ("POST */validate: extra call", "POST 127.0.0.1:8080/validate: extra call"),
        ("INSERT * parameters.at", "INSERT trades parameters.at"),
        ("shop.gateways.Client.pay() amount", "shop.gateways.Client.pay() amount"),
        ("exception[0]", "exception[0]"),
    ],
)
def test_a_pattern_fits_a_field(pattern: str, field: str) -> None:
    """`[*]` any position or key, `*` a part of a name or, in the words of a call, anything without a space."""
    assert fits(pattern, field)


@pytest.mark.parametrize(
    ("pattern", "field"),
    [
        ("return.*", "return.a.b"),
        ("return.*", "return.a[3]"),
        ("return.items", "return.items[3]"),
        ("return", "return.x"),
        ("return.x", "return.xy"),
        ("return.x", "returnxx"),
        ("return['a*']", "return['ab']"),
        ("POST */validate json.*", "POST host/validate json.a.b"),
        ("*", "POST host/validate json.a"),
        ("*.score", "response.json.score"),
    ],
)
def test_a_pattern_fits_nothing_else(pattern: str, field: str) -> None:
    """Neither what lies below, nor what lies above, nor another name."""
    assert not fits(pattern, field)


def test_patterns_leave_out_what_is_data() -> None:
    """Positions; of reviewed fields also keys and parts of routes."""
    assert without_positions("return.items[12].tags[3]") == "return.items[*].tags[*]"
    assert field_pattern("return['Ann'].items[3]") == "return[*].items[*]"
    assert field_pattern("GET users:80/users/4711 json.a", outbound=True) == "GET users:80/users/<id> json.a"


# --- what a rule tolerates ----------------------------------------------------------------------------------------

ID, OTHER = str(uuid.UUID(int=1)), str(uuid.UUID(int=2**100))
MOMENT = datetime.datetime(2024, 3, 5, 12, 0, 0)
AWARE = MOMENT.replace(tzinfo=datetime.UTC)


@pytest.mark.parametrize(
    ("says", "base", "candidate"),
    [
        ({"tolerance": 0.1}, 1.0, 1.1),
        ({"tolerance": 1.0}, 3, 4),
        ({"tolerance": 1e-9}, 0.1 + 0.2, 0.3),
        ({"tolerance": 0.01}, Decimal("1.00"), Decimal("1.01")),
        ({"tolerance": 1.0}, 2**70, 2**70 + 1),
        ({"relative": 1e-6}, 1e9, 1e9 + 999),
        ({"normalise": "uuid"}, ID, OTHER),
        ({"normalise": "uuid"}, f"order {ID} of {OTHER}", f"order {OTHER} of {ID}"),
        ({"normalise": "uuid"}, uuid.UUID(ID), uuid.UUID(OTHER)),
        ({"normalise": "timestamp"}, "at 2024-03-05T12:00:00.123+00:00.", "at 2025-01-01T00:00:00Z."),
        ({"normalise": "timestamp"}, "Tue, 05 Mar 2024 12:00:00 GMT", "Wed, 06 Mar 2024 12:00:01 GMT"),
        ({"normalise": "timestamp"}, MOMENT, MOMENT.replace(year=2020)),
        ({"normalise": "timestamp"}, 1709640000, 1709640001),
        ({"normalise": "timestamp"}, 1709640000123, 1709640000124),
        ({"normalise": "whitespace"}, "a  b\n", "a b"),
        ({"normalise": "case"}, "Straße", "STRASSE"),
        ({"unordered": True}, [1, 2, 2], [2, 1, 2]),
        ({"unordered": True}, (1, 2), (2, 1)),
        ({"ignore": True}, 1, "x"),
        ({"ignore": True}, {"a": [1]}, None),
    ],
)
def test_a_rule_tolerates_what_it_says(says: dict[str, Any], base: Any, candidate: Any) -> None:
    """In the field that it names, in both directions, and it counts that."""
    for left, right in ((base, candidate), (candidate, base)):
        applied = rules(rule("return.x", **says))
        assert fields({"x": left, "y": 1}, {"x": right, "y": 1}, applied) == []
        [tolerated] = applied.tolerated(Counter())
        assert (tolerated.differences, tolerated.reason) == (1, "because")
        assert fields({"z": left}, {"z": right}, rules(rule("return.x", **says))) != []


@pytest.mark.parametrize(
    ("says", "base", "candidate"),
    [
        ({"tolerance": 0.1}, 1.0, 1.2),
        ({"tolerance": 9.0}, 1, 1.0),
        ({"tolerance": 9.0}, 1, True),
        ({"tolerance": 9.0}, "1", "2"),
        ({"tolerance": 9.0}, 1.0, float("nan")),
        ({"tolerance": 9.0}, 1.0, float("inf")),
        ({"tolerance": 9.0}, 1.0, None),
        ({"tolerance": 9.0}, Decimal(1), Decimal("NaN")),
        ({"tolerance": 9.0}, Decimal("1E+999999"), Decimal("1E+999998")),
        ({"relative": 1e-6}, 0.0, 1e-300),
        ({"relative": 1e-6}, 1, -1),
        ({"normalise": "uuid"}, ID, "none"),
        ({"normalise": "uuid"}, f"a {ID}", f"b {ID}"),
        ({"normalise": "timestamp"}, MOMENT, AWARE),
        ({"normalise": "timestamp"}, 1709640000, 1709640000.5),
        ({"normalise": "timestamp"}, 1709640000, 1709640000000),
        ({"normalise": "timestamp"}, 1, 2),
        ({"normalise": "whitespace"}, "ab", "a b"),
        ({"normalise": "case"}, "a", "b"),
        ({"unordered": True}, [1, 2], [1, 1]),
        ({"unordered": True}, [1, 2], [1, 2, 2]),
        ({"unordered": True}, [1], (1, 2)),
        ({"unordered": True}, [1, True], [True, True]),
    ],
)
def test_a_rule_tolerates_nothing_else(says: dict[str, Any], base: Any, candidate: Any) -> None:
    """Types stay exact, and values that mean something else stay different."""
    applied = rules(rule("return.x", **says))
    assert fields({"x": base}, {"x": candidate}, applied) != []
    assert applied.tolerated(Counter()) == ()


def test_a_rule_is_about_entries() -> None:
    """By a glob of their names."""
    given = rule("return.x", ignore=True, entry="POST /*")
    assert fields({"x": 1}, {"x": 2}, rules(given, entry="POST /trades")) == []
    assert fields({"x": 1}, {"x": 2}, rules(given, entry="GET /trades")) == ["return.x"]


def test_rules_hold_inside_a_list_without_order() -> None:
    """Items are paired so that each has one that it differs from in nothing that counts."""
    both = (rule("return.items", unordered=True), rule("return.items[*].score", tolerance=0.5))
    base = {"items": [{"id": 1, "score": 1.0}, {"id": 1, "score": 1.4}, {"id": 2, "score": 7.0}]}
    turned = {"items": [{"id": 2, "score": 7.1}, {"id": 1, "score": 1.8}, {"id": 1, "score": 1.3}]}
    assert fields(base, turned, rules(*both)) == []
    apart = {"items": [{"id": 2, "score": 7.1}, {"id": 1, "score": 1.95}, {"id": 1, "score": 2.0}]}
    assert fields(base, apart, rules(*both)) != []


def test_what_was_not_captured_is_equal_to_nothing_in_another_order() -> None:
    """Also when all else can be paired."""
    unknown = OpaqueNode("shop:Lock", "a lock")
    base, candidate = ListNode([unknown, 1]), ListNode([2, unknown])
    applied = rules(rule("return", unordered=True))
    assert not applied.tolerates(FieldAt("return"), base, candidate)


def test_shared_values_are_compared_where_they_belong() -> None:
    """Items that refer to something outside them are not paired: nobody could say what they are."""
    shared = {"a": 1}
    base, candidate = [[shared, 1], [shared, 2]], [[shared, 2], [shared, 3]]
    assert fields(base, candidate, rules(rule("return", unordered=True))) != []


@given(st.lists(st.integers(0, 3) | st.text("ab", max_size=2), max_size=6), st.randoms(use_true_random=False))
def test_any_order_of_a_list_is_the_same(items: list[Any], chance: Any) -> None:
    """And another list is not."""
    turned = chance.sample(items, len(items))
    given = rule("return", unordered=True)
    assert fields(items, turned, rules(given)) == []
    assert fields([*items, 1], [*turned, "c"], rules(given)) != []


# --- what no rule tolerates ---------------------------------------------------------------------------------------


def error(name: str, message: str) -> ObjectNode:
    """An exception."""
    return ObjectNode(f"builtins:{name}", TupleNode([message]), [], [])


def test_no_rule_tolerates_that_there_was_an_exception() -> None:
    """Nor of which type; its message is a field like any other."""
    everything = [rule(field, ignore=True) for field in ("exception", "*", "return")]
    for candidate in (observation(error("KeyError", "a"), kind="exception"), observation(1)):
        found = compare(observation(error("ValueError", "a"), kind="exception"), candidate, rules(*everything))
        assert [one.field for one in found] == ["exception"]
    says = rule("exception[0]", normalise="case")
    base, candidate = (observation(error("ValueError", text), kind="exception") for text in ("A", "a"))
    assert compare(base, candidate, rules(says)) == []


def test_the_length_of_a_response_follows_from_what_is_tolerated() -> None:
    """It is no difference of its own when nothing in the body counts."""

    def response(debug: str) -> Observation:
        body = f'{{"debug": "{debug}", "total": 1}}'.encode()
        headers = (("Content-Type", "application/json"), ("Content-Length", str(len(body))))
        return observation({"status": "200 OK", "headers": headers, "body": body}, kind="response")

    assert [one.field for one in compare(response("a"), response("bcd"))] == ["response.json.debug"]
    assert compare(response("a"), response("bcd"), rules(rule("response.json.debug", ignore=True))) == []


def test_calls_may_be_ignored_by_their_words() -> None:
    """A whole call, one that is missing, one that is new."""
    name = "shop.Gateway.pay()"
    assert [one.field for one in compare(observation(1, "a"), observation(1))] == [f"{name}: missing call"]
    assert compare(observation(1, "a"), observation(1), rules(rule(f"{name}: missing call", ignore=True))) == []
    assert compare(observation(1), observation(1, "a"), rules(rule(f"{name}: extra call", ignore=True))) == []
    assert compare(observation(1, "a"), observation(1, "b"), rules(rule(name, ignore=True))) == []


# --- what rules leave ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "left", "ignored"),
    [
        ("return.a", 3, 1),
        ("return.list[*]", 2, 2),
        ("return.list", 2, 2),
        ("return", 1, 3),
        ("return.nothing", 4, None),
        ("shop.Gateway.pay()", 3, 1),
        ("shop.Gateway.pay(): missing call", 3, 1),
        ("shop.Gateway.pay() [0]", 3, 1),
        ("shop.Gateway.pay(): extra call", 4, None),
        ("*", 1, 3),
    ],
)
def test_what_is_left_to_compare_is_counted(pattern: str, left: int, ignored: int | None) -> None:
    """Values below an ignored field are taken away, those of a call with the call."""
    base = observation({"a": 1, "list": [2, {"b": 3}]}, "paid")
    found = left_by(rules(rule(pattern, ignore=True)), base, ())
    assert found.values == left
    assert found.ignored == ({} if ignored is None else {0: ignored})


def test_arguments_that_cannot_change_are_not_left() -> None:
    """A number is after the call what it was before, whatever the code does; a list need not be."""
    fixed = Observation("return", 1, capture((None, (150, ("a", None)), {"limit": 2})), [])
    assert left_by(rules(rule("return", ignore=True)), fixed, ()).values == 0
    changeable = Observation("return", 1, capture((None, (150, ([7, (8,)],)), {"limit": {3}})), [])
    assert left_by(rules(rule("return", ignore=True)), changeable, ()).values == 3


def test_masked_values_are_not_left_either() -> None:
    """A trace of which one half moves and the other is ignored has nothing to compare."""
    found = left_by(rules(rule("return.a", ignore=True)), observation({"a": 1, "b": 2}), {("return.b", None)})
    assert (found.values, found.ignored) == (0, {0: 1})


def test_shared_values_are_counted_once() -> None:
    """Also where every level holds the one below twice, and where a value holds itself."""
    value: list[Any] = [1]
    for _level in range(40):
        value = [value, value]
    value.append(value)
    assert left_by(rules(rule("return.a", ignore=True)), observation(value), ()).values == 1


# --- hooks --------------------------------------------------------------------------------------------------------


def hooked(**given: Any) -> EntryRules:
    """Rules with hooks, and one of the configuration."""
    return rules(rule("return.x", ignore=True), hooks=CompareHooks(**given))


def test_a_hook_decides_on_a_field() -> None:
    """Equal, different, or no opinion; what it says counts before the configuration."""

    def compared(entry: str, field: str, base: Any, candidate: Any) -> bool | None:
        assert entry == "shop:fee"
        return {"return.x": False, "return.y": abs(base - candidate) < 2}.get(field) if field != "return" else None

    applied = hooked(compare=compared)
    assert fields({"x": 1, "y": 1, "z": 1}, {"x": 2, "y": 2, "z": 2}, applied) == ["return.x", "return.z"]
    assert [(one.rule, one.differences) for one in applied.tolerated(Counter())] == [
        ("pytest_runtime_compare: return.y", 1)
    ]


def test_a_hook_that_says_different_overrules_what_lies_below() -> None:
    """A rule for a part of a field does not take back what a hook said of the whole."""
    different = CompareHooks(compare=lambda field, **_: False if field == "return.x" else None)
    applied = rules(rule("return.x[*]", ignore=True), hooks=different)
    assert fields({"x": [1]}, {"x": [2]}, applied) == ["return.x[0]"]


def test_a_hook_replaces_values_before_they_are_compared() -> None:
    """On both sides; what it leaves alone is compared as it is."""

    def normalised(entry: str, field: str, value: Any) -> Any:
        return value.lower() if isinstance(value, str) else None

    assert fields({"y": "A", "z": 1}, {"y": "a", "z": 2}, hooked(normalise=normalised)) == ["return.z"]
    assert fields({"y": "A"}, {"y": "b"}, hooked(normalise=normalised)) == ["return.y"]
    assert fields({"y": 1}, {"y": 2}, hooked(normalise=lambda **_: None)) == ["return.y"]
    one_or_true = hooked(normalise=lambda field, value, **_: value == "a" or 1 if field == "return.y" else None)
    assert fields({"y": "a"}, {"y": "b"}, one_or_true) == ["return.y"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"compare": lambda **_: 1 / 0}, "pytest_runtime_compare failed at return: ZeroDivisionError: division by"),
        ({"compare": lambda **_: pytest.skip("no")}, "pytest_runtime_compare failed at return: Skipped"),
        (
            {"compare": lambda **_: "yes"},
            "pytest_runtime_compare returned str for return; it returns True, False or None",
        ),
        ({"normalise": lambda **given: given["nothing"]}, "pytest_runtime_normalise failed at return: KeyError"),
        (
            {"normalise": lambda **_: (n for n in "")},
            "pytest_runtime_normalise returned a builtins.generator for return",
        ),
    ],
)
def test_a_hook_that_fails_is_named(given: dict[str, Any], said: str) -> None:
    """With the field, and the difference is not tolerated."""
    with pytest.raises(RuleFailed, match=said):
        fields(1, 2, hooked(**given))


def test_hooks_are_asked_only_about_values_that_both_sides_have() -> None:
    """A missing field, and one that was not captured, are nothing that could be shown in plain Python."""
    asked: list[str] = []

    def compared(field: str, **_: Any) -> None:
        asked.append(field)

    fields({"a": 1}, {"b": 1}, hooked(compare=compared))
    assert asked == ["return"]
    applied = hooked(compare=compared)
    assert not applied.tolerates(FieldAt("return.c"), OpaqueNode("shop:Lock", "a lock"), 1)
    assert not applied.tolerates(FieldAt("return.c"), ListNode([OpaqueNode("shop:Lock", "a lock")]), ListNode([1]))
    assert asked == ["return"]


# --- plain values -------------------------------------------------------------------------------------------------


class Money:
    """A class of a service."""

    def __init__(self) -> None:
        self.amount = Decimal("1.5")
        self.tags = {"a"}
        self._cached = 3


@pytest.mark.parametrize(
    ("tree", "value"),
    [
        (capture({"a": [1, (2.5, b"x")], 3: None}), {"a": [1, (2.5, b"x")], 3: None}),
        (capture(Money()), {"amount": Decimal("1.5"), "tags": {"a"}}),
        (capture([AWARE, uuid.UUID(ID)]), [AWARE, uuid.UUID(ID)]),
        (error("ValueError", "no"), ("no",)),
        (EnumNode("shop:Status", "PAID", 3), 3),
        (GlobalNode("shop.pricing:fee"), "shop.pricing.fee"),
        (ObjectNode("shop:Rows", ListNode([1]), ["page"], [2]), {"content": [1], "page": 2}),
    ],
)
def test_a_plain_value_needs_nobodys_classes(tree: Tree, value: Any) -> None:
    """Objects are dicts of their public attributes, members their values, classes their names."""
    assert plain(tree) == value


def test_what_is_not_plain_says_why() -> None:
    """What was not captured, and keys that are objects."""
    with pytest.raises(NotPlain, match="not captured: a lock"):
        plain(OpaqueNode("shop:Lock", "a lock"))
    with pytest.raises(NotPlain, match="unhashable"):
        plain(capture({frozenset([1]): 1, Money: {Money(): 1}}))
