"""Learning: what no replay can build is not walked through at each call; the rest is captured as before."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_runtime.recorders.capture.freeze import freeze
from pytest_runtime.recorders.capture.thaw import thaw
from pytest_runtime.recorders.model.value_tree import ListNode, ObjectNode, OpaqueNode, Tree, TupleNode
from pytest_runtime.recorders.session import learning
from pytest_runtime.recorders.session.learning import AGAIN, TRACES, Learnt
from pytest_runtime.recorders.session.lessons import Lessons

ENTRY = "shop:View.show"


def foreign(**held: Any) -> Any:
    """An instance of a class of some framework."""
    made = type("Request", (), {"__module__": "framework.request"})()
    made.__dict__.update(held)
    return made


def included(**held: Any) -> Any:
    """An instance of a class under validation."""
    made = type("Order", (), {"__module__": "shop.orders"})()
    made.__dict__.update(held)
    return made


def big(value: int) -> list[Any]:
    """Something that costs a little."""
    return [[number] for number in range(value)]


@pytest.fixture
def learnt() -> Learnt:
    """Nothing yet."""
    return Learnt()


def lessons(learnt: Learnt) -> Lessons:
    """Of a project whose package is `shop`."""
    return Lessons(learnt, lambda module: module.partition(".")[0] == "shop")


def call(learnt: Learnt, receiver: Any, *args: Any, **kwargs: Any) -> tuple[Tree, Tree, Tree]:
    """One recorded call: (receiver, args, kwargs) as trees; the collector gets to see them."""
    _arguments, frozen = learnt.freeze(ENTRY, (receiver, args, kwargs))
    tree = thaw(frozen)
    lessons(learnt).observe(ENTRY, tree)
    assert isinstance(tree, TupleNode)
    first, second, third = tree.items
    return first, second, third


def test_what_no_replay_can_build_is_learnt(learnt: Learnt) -> None:
    """After a few traces a request of a framework is a mark, with the reason; what stands beside it is captured."""
    for _ in range(TRACES):
        receiver, _args, _kwargs = call(learnt, foreign(registry=big(200)), 5)
        assert isinstance(receiver, ObjectNode)
    receiver, args, _kwargs = call(learnt, foreign(registry=big(200)), 5, [1])
    assert receiver == OpaqueNode(
        "framework.request:Request",
        f"it was not captured again, because in earlier traces of {ENTRY} it held a framework.request:Request, "
        "which is outside the included packages: no module that is loaded holds it",
    )
    assert args == TupleNode([5, ListNode([1])])


def test_it_is_learnt_by_place_and_class(learnt: Learnt) -> None:
    """Another argument, another class at the same place, and another entry are captured as before."""
    for _ in range(TRACES):
        call(learnt, None, foreign(registry=big(200)), k=foreign(registry=big(200)))
    _receiver, args, _kwargs = call(learnt, None, included(lines=big(200)), foreign(registry=big(200)))
    assert isinstance(args, TupleNode)
    assert [type(item) for item in args.items] == [ObjectNode, ObjectNode]
    value = foreign(registry=big(200))
    assert learnt.keep("shop:other", "args/0", value) is value
    assert type(learnt.keep(ENTRY, "kwargs/k", value)) is not type(value)


def test_what_can_be_built_is_never_learnt(learnt: Learnt) -> None:
    """Objects of the included packages, of the standard library, and small ones of a framework go on being captured."""
    for _ in range(3 * TRACES):
        call(learnt, included(lines=big(500)), ValueError(big(200)), foreign(n=1))
    values = [included(), ValueError(), foreign(n=1)]
    assert [
        learnt.keep(ENTRY, place, value) for place, value in zip(["receiver", "args/0", "args/1"], values, strict=True)
    ] == values


def test_arguments_that_are_too_large_together_are_taken_one_by_one(
    learnt: Learnt, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A receiver that goes over the limits costs that receiver, and is soon not walked through any more."""
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    application = included(deep=deep)
    for _ in range(TRACES):
        receiver, args, _kwargs = call(learnt, application, 5)
        assert isinstance(receiver, OpaqueNode)
        assert args == TupleNode([5])
    seen: list[Any] = []

    def noting(value: Any, **options: Any) -> Any:
        seen.append(value)
        return freeze(value, **options)

    monkeypatch.setattr(learning, "freeze", noting)
    call(learnt, application, 5)
    assert len(seen) == 1
    assert seen[0][0] is not application
    while deep:
        deep = deep[0]


def test_it_is_tried_again(learnt: Learnt) -> None:
    """Now and then a learnt place is captured, and what can be built by then is captured from there on."""
    for _ in range(TRACES):
        call(learnt, None, foreign(registry=big(200)))
    value = foreign(n=1)
    kept = [learnt.keep(ENTRY, "args/0", value) is value for _ in range(2 * AGAIN)]
    assert kept.count(True) == 2
    lessons(learnt).observe(ENTRY, thaw(freeze((None, (value,), {}))))
    assert learnt.keep(ENTRY, "args/0", value) is value


def test_what_is_known_by_its_maker_is_captured(learnt: Learnt) -> None:
    """An object that an earlier trace made is rebuilt by that trace, whatever it holds."""
    tree = TupleNode(
        [ObjectNode("framework:App", None, ["a"], [ListNode(list(range(500)))], "made 0 value"), TupleNode([]), None]
    )
    for _ in range(TRACES + 1):
        lessons(learnt).observe(ENTRY, tree)
    app = type("App", (), {"__module__": "framework"})()
    assert learnt.keep(ENTRY, "receiver", app) is app


def test_there_is_an_end_to_what_is_remembered(learnt: Learnt, monkeypatch: pytest.MonkeyPatch) -> None:
    """Entries without end do not fill the memory."""
    monkeypatch.setattr(learning, "PLACES_LIMIT", 10)
    tree = thaw(freeze((foreign(registry=big(200)), (), {})))
    for number in range(50):
        for _ in range(TRACES):
            lessons(learnt).observe(f"shop:f{number}", tree)
    assert len(learnt._lessons) == 10
