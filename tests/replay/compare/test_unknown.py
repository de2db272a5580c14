"""Unknown parts: what nobody can compare is never the same, and internals make nothing unknown."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_runtime.recorders.model.inputs import CallInput, CallKind
from pytest_runtime.recorders.model.trace import Outcome, Trace
from pytest_runtime.recorders.model.value_tree import (
    DictNode,
    FrozenSetNode,
    GlobalNode,
    ListNode,
    ObjectNode,
    OpaqueNode,
    SetNode,
    StandardNode,
    Tree,
    TupleNode,
    record,
)
from pytest_runtime.recorders.model.world import Operation
from pytest_runtime.replay.compare.observations import compare
from pytest_runtime.replay.compare.unknown import unknown_parts, why_unknown
from pytest_runtime.replay.model.observation import Observation, Outbound
from pytest_runtime.testing import Scenario

MARK = OpaqueNode("builtins:generator", "it is no value")


def trace(arguments: Tree = None, kind: CallKind = "function") -> Trace:
    """A trace that was given some arguments."""
    given = CallInput(kind, arguments, [])
    return Trace("shop:f", "function", 0.0, given, Outcome("return", None, None), [], [], {}, None, [], [], [], [])


def returned(value: Tree, arguments: Tree = None, outbound: tuple[Outbound, ...] = ()) -> Observation:
    """A returned value."""
    return Observation("return", value, arguments, list(outbound))


def asked(request: Tree) -> Outbound:
    """A call of a declared function."""
    return Outbound(Operation("declared", "send", "shop.mail", "write"), request, 0, True, None, 0)


PLACES: dict[str, Tree] = {
    "return": MARK,
    "return[1].source": ListNode([1, DictNode(["source"], [MARK])]),
    "return.rows[0].source": ObjectNode(
        "a:B", None, ["rows"], [ListNode([ObjectNode("a:C", None, ["source"], [MARK])])]
    ),
    "return[*]": DictNode([MARK], [1]),
    "return.tags": DictNode(["tags"], [SetNode([MARK])]),
    "return[0]": TupleNode([FrozenSetNode([MARK])]),
    "return.span": DictNode(["span"], [StandardNode("slice", [MARK, None, None])]),
}


@pytest.mark.parametrize("place", PLACES)
def test_the_same_mark_on_both_sides_is_unknown(place: str) -> None:
    """It is neither the same nor different, and the place is named."""
    seen = returned(PLACES[place])
    assert compare(seen, seen) == []
    assert why_unknown(seen, seen, trace()) == f"{place}: a generator was not captured: it is no value"


def test_what_lies_below_a_private_attribute_or_behind_a_property_does_not_count() -> None:
    """Internals, and what a caller gets anew each time."""
    private = ObjectNode("a:B", None, ["total", "_lock"], [1, MARK])
    behind = ObjectNode("a:B", None, ["total", "rows"], [1, MARK], read="ap")
    assert unknown_parts(returned(ListNode([private, behind])), trace()) == []


def test_of_arguments_what_was_there_before_does_not_count() -> None:
    """A connection in the receiver is not what a call did; a generator that it left there is."""
    before = TupleNode([ObjectNode("a:B", None, ["source"], [MARK]), TupleNode([]), DictNode([], [])])
    after = TupleNode([ObjectNode("a:B", None, ["source", "rows"], [MARK, MARK]), TupleNode([]), DictNode([], [])])
    assert unknown_parts(returned(None, before), trace(before)) == []
    [found] = unknown_parts(returned(None, after), trace(before))
    assert found.field == "arguments[0].rows"


def test_outbound_calls_are_looked_into() -> None:
    """What was sent and not captured makes the trace unknown; connecting does not."""
    call = asked(record(args=TupleNode([MARK]), kwargs=DictNode([], [])))
    [found] = unknown_parts(returned(None, None, (call,)), trace())
    assert str(found) == "shop.mail.send() args[0]: a generator was not captured: it is no value"
    opening = call._replace(operation=call.operation._replace(effect="session"))
    assert unknown_parts(returned(None, None, (opening,)), trace()) == []


def test_of_an_exception_its_own_arguments_count() -> None:
    """What a library hangs on its exceptions is not what they say."""
    hung = ObjectNode("lib:HTTPError", TupleNode(["404"]), ["response"], [ObjectNode("lib:R", None, ["raw"], [MARK])])
    said = ObjectNode("builtins:ValueError", TupleNode([MARK]), [], [])
    assert unknown_parts(Observation("exception", hung, None, []), trace()) == []
    assert [one.field for one in unknown_parts(Observation("exception", said, None, []), trace())] == ["exception[0]"]


def test_a_returned_function_that_was_made_inside_another_is_unknown() -> None:
    """Nothing is known of it but a name; a function of a module is known by its name."""
    closure = returned(GlobalNode("shop:retry.<locals>.wrapper"))
    assert why_unknown(closure, closure, trace())
    assert not why_unknown(returned(GlobalNode("shop:retry")), returned(GlobalNode("shop:retry")), trace())


def closed(cents: int, name: str = "_c") -> ObjectNode:
    """An object of which nothing can be read."""
    return ObjectNode("shop:Money", None, [name], [cents], read="a")


def test_an_object_without_public_names_is_unknown_where_its_state_differs() -> None:
    """Neither the same nor different; in the same state, under whatever private name, it is the same."""
    base, ten_times = returned(ListNode([closed(5)])), returned(ListNode([closed(50)]))
    assert compare(base, ten_times) == []
    assert why_unknown(base, ten_times, trace()) == (
        "return[0]: shop.Money: it has no public name to read, and its private state differs"
    )
    assert why_unknown(base, returned(ListNode([closed(5, "_cents")])), trace()) == ""
    assert why_unknown(base, ten_times, trace(kind="constructor")) == ""
    assert compare(returned(SetNode([closed(5)])), returned(SetNode([closed(50)]))) == []
    assert why_unknown(returned(SetNode([closed(5)])), returned(SetNode([closed(50)])), trace())


def test_an_object_of_a_library_that_holds_unknown_state_is_unknown() -> None:
    """A table whose numbers lie in C is not the same because its marks are."""
    table = returned(ObjectNode("pandas:Table", None, ["_data"], [MARK]))
    assert why_unknown(table, table, trace())


TREES = st.recursive(
    st.sampled_from([None, 1, "a", MARK]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(ListNode),
        inner.map(lambda value: DictNode(["a"], [value])),
        inner.map(lambda value: ObjectNode("a:B", None, ["a", "_b"], [value, MARK])),
        inner.map(lambda value: ObjectNode("a:C", None, ["_b"], [value], read="a")),
    ),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(TREES, TREES)
def test_unknown_is_symmetric_where_nothing_differs(left: Tree, right: Tree) -> None:
    """Whichever side is base, it is unknown on both or on none; and nothing is unknown and different to itself."""
    base, candidate = returned(left), returned(right)
    assert compare(base, base) == []
    if not compare(base, candidate) and not compare(candidate, base):
        assert bool(why_unknown(base, candidate, trace())) == bool(why_unknown(candidate, base, trace()))


SOURCE = """
    import hashlib

    def rows(count):
        return {"count": count, "rows": [{"source": (n for n in range(count))}]}

    def scaled(count):
        return [hashlib.sha256(), count]

    def total(count):
        return {"count": count}
"""


def test_a_trace_with_an_unknown_part_is_not_judged(tmp_path: Path) -> None:
    """Against the recording and against base, changed or not; what differs beside it is reported all the same."""

    def traffic(shop: Any) -> None:
        shop.rows(2)
        shop.scaled(3)
        shop.total(1)

    scenario = Scenario(tmp_path, {"shop": SOURCE}).record(traffic)
    for replayed in (scenario.replay(), scenario.judge(everything=True)):
        assert replayed.counts == {"same": 1, "not judged": 2}
        reasons = " ".join(sorted(replayed.reasons))
        assert "return.rows[0].source: a generator was not captured: " in reasons
        assert "return[0]: a _hashlib.HASH was not captured: " in reasons
    changed = textwrap.dedent(SOURCE).replace('{"count": count, "rows"', '{"count": count + 1, "rows"')
    replayed = scenario.rewrite("shop", changed).judge(everything=True)
    assert replayed.counts == {"same": 1, "not judged": 1, "diverged": 1}
    assert set(replayed.fields) == {"return.count"}
