"""What one trial on both sides is worth, which findings are wanted, and which paths are new."""

from __future__ import annotations

import pytest

from pytest_runtime.recorders.model.branches import Arm, Branch
from pytest_runtime.recorders.model.value_tree import ObjectNode, Tree, TupleNode, record
from pytest_runtime.replay.compare.tolerance import NOTHING
from pytest_runtime.replay.explore.analyze.branch_distance import BranchDistance
from pytest_runtime.replay.explore.evaluate import Evaluator, fault_of
from pytest_runtime.replay.explore.findings import FINDINGS_LIMIT, Findings, Kind
from pytest_runtime.replay.explore.frontier import Frontier, Reached
from pytest_runtime.replay.explore.generate.seeds import Mutant
from pytest_runtime.replay.explore.trials.trial import TrialResult
from pytest_runtime.replay.model.finding import Finding
from pytest_runtime.replay.model.observation import Observation
from pytest_runtime.replay.model.verdict import Location

MUTANT = Mutant(0, None)
STRICT = Evaluator(lambda mutant: NOTHING, ["builtins:KeyError"])

GOOD = TrialResult("outcome", digest=b"1")
OTHER = TrialResult("outcome", digest=b"2")
STOPPED = TrialResult("stopped", "it asks for something unrecorded")
HUNG = TrialResult("hung", "it was still running")
ERROR = TrialResult("error", "it cannot be tried")
UNTRIED = TrialResult("untried", "inputs before it did not end")


def raising(name: str, digest: bytes = b"3") -> TrialResult:
    """A trial that ends with an exception."""
    return TrialResult("outcome", digest=digest, raised=[f"builtins:{name}"])


@pytest.mark.parametrize(
    ("base", "candidate", "evaluation"),
    [
        (GOOD, GOOD, "same"),
        (GOOD, OTHER, "differs"),
        (GOOD, HUNG, "differs"),
        (GOOD, raising("TypeError"), "differs"),
        (GOOD, STOPPED, "rejected"),
        (STOPPED, GOOD, "rejected"),
        (GOOD, ERROR, "rejected"),
        (GOOD, UNTRIED, "rejected"),
        (HUNG, GOOD, "precondition_violations"),
        (ERROR, GOOD, "precondition_violations"),
        (raising("TypeError"), GOOD, "precondition_violations"),
        (raising("KeyError"), GOOD, "differs"),
        (raising("ValueError"), GOOD, "differs"),
    ],
)
def test_what_a_trial_is_worth(base: TrialResult, candidate: TrialResult, evaluation: str) -> None:
    """A difference needs an outcome of base that is no precondition violation, and a candidate that was tried."""
    assert STRICT.evaluate((base, candidate)) == evaluation


def test_a_violation_that_was_recorded_is_none() -> None:
    """Base that raised `TypeError` on recorded inputs is an oracle for it."""
    evaluator = Evaluator(lambda mutant: NOTHING, ["builtins:TypeError"])
    assert evaluator.evaluate((raising("TypeError"), GOOD)) == "differs"


def refusing(name: str, text: str, digest: bytes) -> TrialResult:
    """A trial that refuses its input."""
    error = ObjectNode(f"builtins:{name}", TupleNode([text]), [], [])
    seen = Observation("exception", error, record(), [])
    return TrialResult("outcome", digest=digest, raised=[error.cls], refused=[0], observations=[seen])


@pytest.mark.parametrize(
    ("base", "candidate", "differs"),
    [
        (refusing("ValueError", "no", b"1"), refusing("ValueError", "never", b"2"), False),
        (refusing("ValueError", "no", b"1"), refusing("LookupError", "no", b"2"), False),
        (refusing("KeyError", "no", b"1"), refusing("KeyError", "never", b"2"), False),
        (refusing("KeyError", "no", b"1"), refusing("ValueError", "no", b"2"), True),
    ],
)
def test_both_sides_may_refuse_in_their_own_words(base: TrialResult, candidate: TrialResult, differs: bool) -> None:
    """And by their own exceptions, unless base's is one that it was recorded to raise."""
    assert (STRICT.divergence(MUTANT, (base, candidate)) is not None) is differs


@pytest.mark.parametrize(("value", "other", "differs"), [(1, 2, True), (1, 1, False)])
def test_a_divergence_is_what_a_caller_sees(value: Tree, other: Tree, differs: bool) -> None:
    """Digests may differ where values do not."""
    pair = tuple(
        TrialResult("outcome", digest=digest, observations=[Observation("return", seen, record(), [])])
        for digest, seen in ((b"1", value), (b"2", other))
    )
    divergence = STRICT.divergence(MUTANT, (pair[0], pair[1]))
    assert (divergence is not None) is differs


def test_a_hang_of_the_candidate_alone_is_a_divergence() -> None:
    """Without any field that differs."""
    divergence = STRICT.divergence(MUTANT, (GOOD, HUNG))
    assert divergence is not None
    assert (divergence.step, tuple(divergence.differences)) == (0, ())


def test_why_an_input_could_not_be_tried() -> None:
    """The first side that says so."""
    assert fault_of((GOOD, HUNG)) == ""
    assert fault_of((GOOD, ERROR)) == "it cannot be tried"
    assert fault_of((UNTRIED, ERROR)) == "inputs before it did not end"


# --- findings -----------------------------------------------------------------------------------------------------


def finding(call: str, line: int = 0, *, near: bool = True) -> Finding:
    """One, at a line or nowhere."""
    place = Location("shop.py", line, "shop:f", "total > 100", "", "decision") if line else None
    return Finding(call, near, "", "", (), place, "shop:f", "1", "")


def kind(field: str, *, near: bool = True, path: str = "") -> Kind:
    """Inputs that show one field."""
    return Kind(near, frozenset({field}), path)


def test_one_finding_of_a_kind_is_wanted_and_a_few_in_all() -> None:
    """Near and far ones each; what is accepted takes no room."""
    findings = Findings()
    for number in range(FINDINGS_LIMIT):
        accepted = kind(f"return.{number}", path="1")
        findings.add(finding(f"f({-number})"), accepted, is_accepted=True)
        assert not findings.wants(accepted)
        assert findings.wants(kind(f"return.{number}"))
        findings.add(finding(f"f({number})"), kind(f"return.{number}"), is_accepted=False)
        assert not findings.wants(kind(f"return.{number}"))
    assert not findings.wants(kind("return.another"))
    assert findings.wants(kind("return.another", near=False))
    assert findings.near == FINDINGS_LIMIT


def test_a_difference_at_the_same_place_is_reported_once() -> None:
    """Or by the same call; what lies nowhere is never at the same place."""
    findings = Findings()
    for call, line in (("f(1)", 3), ("f(2)", 3), ("f(3)", 0), ("f(4)", 0), ("f(3)", 7)):
        findings.add(finding(call, line), kind(call), is_accepted=False)
    assert [found.call for found in findings.all()] == ["f(1)", "f(3)", "f(4)"]


# --- the frontier -------------------------------------------------------------------------------------------------


def test_a_path_is_new_once_on_either_side() -> None:
    """And its arms are known from the first process that took it."""
    taken = Arm(Branch("m:f", "total > 100", 3, 0), "true")
    chain = (frozenset({(taken.branch, "true")}),)
    frontier = Frontier(BranchDistance((chain,), (chain,)), {})
    first = TrialResult("outcome", path=b"a", arms=[taken]), TrialResult("outcome", path=b"b")
    assert frontier.reached(first) == Reached(1.0, frontier.reached(first).missing)
    assert frontier.is_new(first)
    assert not frontier.is_new(first)
    known = TrialResult("outcome", path=b"a"), TrialResult("outcome", path=b"c", arms=[taken])
    assert frontier.is_new(known)
    assert frontier.reached(known).distance == 0
