"""Evidence: source of both sides, traffic of branches, effect lanes, variables; and results as bytes and back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from pytest_runtime.recorders.model.value_tree import Tree
from pytest_runtime.recorders.model.world import Operation
from pytest_runtime.replay.compare.effect_lanes import EFFECTS_SHOWN, effect_lanes
from pytest_runtime.replay.compare.exchanges import outbound_differences
from pytest_runtime.replay.model.observation import Outbound
from pytest_runtime.replay.model.verdict import Location
from pytest_runtime.replay.run.causes import causes_of
from pytest_runtime.replay.run.excerpts import AROUND, LONG, excerpts_of
from pytest_runtime.replay.run.result import RunResult
from pytest_runtime.replay.run.result_codec import decode_result, encode_result
from pytest_runtime.replay.run.variables import _separates
from pytest_runtime.testing import Scenario

from .test_run import run_of

SHOP = """
    LIMIT = 100

    def fee(total, tier):
        if tier == "gold":
            return 0
        if total > LIMIT:
            return 10
        return 1
    """


def traffic(shop: object) -> None:
    """Both sides of both decisions."""
    for total, tier in ((50, "silver"), (150, "silver"), (400, "silver"), (1, "gold"), (150, "basic")):
        shop.fee(total, tier)  # type: ignore[attr-defined]  # a module of the scenario


@pytest.fixture
def result(tmp_path: Path) -> RunResult:
    """What a change of the condition leads to."""
    scenario = Scenario(tmp_path, {"shop": SHOP}).record(traffic)
    scenario.change("shop", "total > LIMIT", "total > LIMIT * 3")
    with run_of(scenario) as run:
        run.judge_all()
        return run.result()


def test_both_sides_of_the_function_are_shown_with_what_changed_and_the_traffic(result: RunResult) -> None:
    """The changed line is marked on both sides; the decisions of base have the recorded calls of each arm."""
    [cause] = causes_of(result.verdicts)
    evidence = result.evidence_at(cause.location)
    base, candidate = evidence.base, evidence.candidate
    assert base is not None
    assert candidate is not None
    assert base.lines[base.marked - base.first].strip() == "if total > LIMIT:"
    assert candidate.lines[candidate.marked - candidate.first].strip() == "if total > LIMIT * 3:"
    assert (base.changed, candidate.changed) == ((base.marked,), (candidate.marked,))
    traffic = {branch.condition: dict(branch.arms) for branch in base.branches}
    assert traffic == {"tier == 'gold'": {"false": 4, "true": 1}, "total > LIMIT": {"true": 3, "false": 1}}


def test_inputs_are_shown_side_by_side(result: RunResult) -> None:
    """Totals of 150 diverge, others do not: with two diverged traces, nothing is said of what tells them."""
    [cause] = causes_of(result.verdicts)
    table = result.evidence_at(cause.location).variables
    assert table.columns == ("total", "tier")
    assert table.separating == 0
    assert {(row.verdict, row.values[0]) for row in table.rows} >= {("diverged", "150"), ("same", "400")}


def test_blind_spots_are_shown_where_they_stand(tmp_path: Path) -> None:
    """With three lines around each, in one part where they are near; changed lines that ran are no blind spots."""
    scenario = Scenario(tmp_path, {"shop": SHOP}).record(traffic)
    near = "total + 0 > LIMIT:\n        if total > 900:\n            return 11"
    between = "\n".join(f"    # {number}" for number in range(9))
    far = "        if tier == 'x':\n            return 12"
    scenario.change("shop", "total > LIMIT:", f"{near}\n{between}\n{far}")
    with run_of(scenario) as run:
        run.judge_all()
        reached = run.result().reached
    assert [(spot.line, spot.arm) for spot in reached.blind_spots] == [
        (8, "total > 900 is true"),
        (9, ""),
        (19, "tier == 'x' is true"),
        (20, ""),
    ]
    first, second = reached.around
    assert (first.file, first.first, len(first.lines)) == (reached.blind_spots[0].file, 5, 8)
    assert first.lines[3:5] == ("        if total > 900:", "            return 11")
    assert set(first.changed) >= {7, 8, 9}
    assert (second.first, second.lines[3:5]) == (16, ("        if tier == 'x':", "            return 12"))


@pytest.mark.parametrize(
    ("diverged", "others", "separates"),
    [
        (("a", "a", "a", "a"), ("b", "b", "c", "c"), True),
        (("a", "a", "a", "a"), ("a", "b", "b", "b"), False),
        (("1", "2", "3"), ("4", "5", "6"), True),
        (("9", "8", "7"), ("-1", "0.5", "6"), True),
        (("1", "5", "3"), ("4", "2", "6"), False),
        (("u1", "u2", "u3"), ("u4", "u5", "u6"), False),
        (("1", "2", ""), ("4", "5", "6"), False),
        (("1", "1"), ("2", "2", "2"), False),
    ],
)
def test_a_column_separates_only_where_it_is_no_chance(
    diverged: tuple[str, ...], others: tuple[str, ...], separates: bool
) -> None:
    """Ids that never repeat have nothing in common in any two groups of traces."""
    kinds = [True] * len(diverged) + [False] * len(others)
    assert _separates([*diverged, *others], kinds) is separates


def test_a_result_comes_back_from_its_bytes(result: RunResult, tmp_path: Path) -> None:
    """Encoding and decoding lose nothing but the folder, and what is no result is refused."""
    again = decode_result(encode_result(result), result.root)
    assert again == result
    elsewhere = decode_result(encode_result(result), Path("/elsewhere"))
    assert encode_result(elsewhere) == encode_result(result)
    for data in (b"", b"{}", b"[1, 2]", b"[" * 100_000):
        with pytest.raises(msgspec.MsgspecError):
            decode_result(data, tmp_path)


# --- effect lanes ------------------------------------------------------------------------------------------------


def call(name: str, *, answered: int | None = None, effect: str = "read", value: Tree = 0) -> Outbound:
    """An outbound call of a function that the project named."""
    operation = Operation("declared", name, "shop", effect)  # type: ignore[arg-type]
    return Outbound(operation, value, answered, True, None, 0)


def lanes(base: list[Outbound], candidate: list[Outbound]) -> list[tuple[str, bool, bool]]:
    """(kind, whether base makes it, whether the candidate does)."""
    shown = effect_lanes(base, candidate, outbound_differences(base, candidate))
    return [(effect.kind, bool(effect.base), bool(effect.candidate)) for effect in shown]


def test_extra_and_missing_calls_stand_where_they_are_made() -> None:
    """A missing call stands between the neighbours that base made it between."""
    base = [call("a", answered=0), call("b", answered=1), call("c", answered=2)]
    candidate = [call("a", answered=0), call("c", answered=2), call("d")]
    assert lanes(base, candidate) == [
        ("same", True, True),
        ("missing", True, False),
        ("same", True, True),
        ("extra", False, True),
    ]


def test_calls_that_are_the_same_make_no_lanes() -> None:
    """A trace whose effects are the same has none to show."""
    assert lanes([call("a", answered=0)], [call("a", answered=0)]) == []


def test_of_many_calls_those_that_differ_are_shown() -> None:
    """Room is taken by what is the same only where what differs leaves it."""
    base = [call("same", answered=position) for position in range(200)]
    candidate = [*base, call("late")]
    shown = lanes(base, candidate)
    assert len(shown) == EFFECTS_SHOWN
    assert shown[-1] == ("extra", False, True)


# --- excerpts ----------------------------------------------------------------------------------------------------


def place(line: int, *, deleted: str = "", function: str = "shop:work") -> Location:
    """A place in the module."""
    return Location("shop.py", line, function, None, "", deleted=deleted)


@pytest.mark.parametrize("change", [lambda lines: lines, lambda lines: [*lines[:40], "    x = -1", *lines[41:]]])
def test_a_long_function_is_cut_around_the_place(change: Callable[[list[str]], list[str]]) -> None:
    """At most some lines before and after are shown, whichever changed."""
    old = ["def work():", *(f"    x = {number}" for number in range(LONG * 2))]
    base, candidate = excerpts_of(place(41), {"shop": "\n".join(old)}, {"shop": "\n".join(change(old))}, [])
    assert base is not None
    assert candidate is not None
    assert candidate.marked == base.marked == 41
    assert len(candidate.lines) == 2 * AROUND + 1
    assert candidate.lines[41 - candidate.first] == change(old)[40]


def test_a_function_of_one_side_alone_is_shown_there() -> None:
    """What was added has no base; what is deleted marks nothing in the candidate."""
    text = "def work():\n    return 1\n"
    base, candidate = excerpts_of(place(2), {"shop": "x = 1\n"}, {"shop": text}, [])
    assert base is None
    assert candidate is not None
    assert excerpts_of(place(2, deleted="x()"), {"shop": text}, {"shop": text}, [])[1].marked == 0  # type: ignore[union-attr]


def test_what_is_no_python_is_shown_without_branches() -> None:
    """A candidate that does not parse has no function to show, and base none of its decisions."""
    base, candidate = excerpts_of(place(1), {"shop": "def work(:\n"}, {"shop": "def work(:\n"}, [])
    assert (base, candidate) == (None, None)
