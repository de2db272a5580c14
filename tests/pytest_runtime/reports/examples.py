"""Results to be reported: one with something of everything, one that is hostile, and large ones."""

from __future__ import annotations

import datetime
from pathlib import Path

import msgspec

from pytest_runtime.replay.judge.blind_spots import BlindSpot
from pytest_runtime.replay.judge.blindness import Agreed, Blindness
from pytest_runtime.replay.judge.gate import UnjudgedChange
from pytest_runtime.replay.judge.seal import Fidelity
from pytest_runtime.replay.model.difference import DifferenceKind
from pytest_runtime.replay.model.finding import Explored, Finding, TrialCounts
from pytest_runtime.replay.model.reason import Reason, ReasonCode
from pytest_runtime.replay.model.verdict import (
    ClassVerdict,
    Effect,
    FieldDifference,
    Location,
    Tolerated,
    TraceVerdict,
)
from pytest_runtime.replay.run.causes import place_key
from pytest_runtime.replay.run.evidence import Evidence
from pytest_runtime.replay.run.excerpts import BranchCount, Excerpt
from pytest_runtime.replay.run.exploration import JudgedExploration
from pytest_runtime.replay.run.result import RunResult
from pytest_runtime.replay.run.variables import Row, Variables

from ..test_report import ACCEPTANCE, FAILED, HUNG, NOTHING, SAME, decided

PLACE = decided()
DELETED = Location(
    "shop.py", 8, "shop:close", None, "a statement is gone", "change", deleted="log(total)", between=("a()", "b()")
)


ROWS = [{"name": "a", "n": 1}, {"name": "b", "n": 2}]


def difference(kind: DifferenceKind, field: str, base: object, candidate: object) -> FieldDifference:
    """A differing field."""
    raw = [msgspec.Raw(msgspec.json.encode(value)) for value in (base, candidate)]
    return FieldDifference(kind, field, raw[0], raw[1], repr(base), repr(candidate))


def diverged(name: str, place: Location = PLACE) -> TraceVerdict:
    """A trace with differences of two kinds, and its outbound calls."""
    differences = (
        difference(DifferenceKind.RESPONSE, "response.json.high_value", True, False),
        difference(DifferenceKind.CALL_CHANGED, "POST fraud/validate json.total", 150, 151),
        difference(DifferenceKind.RESPONSE, "response.json.rows", ROWS, [ROWS[0], {**ROWS[1], "n": 3}]),
        difference(DifferenceKind.RESPONSE, "response.text", "one\ntwo\n", "one\nthree\n"),
    )
    effects = (
        Effect("same", "SELECT accounts", "SELECT accounts", "read"),
        Effect("changed", "POST fraud/validate", "POST fraud/validate", "write", ("json.total: 150 → 151",)),
        Effect("missing", "INSERT audit", "", "write"),
        Effect("extra", "", "POST mail/send", "write"),
    )
    tolerated = (Tolerated("response.json.score within 0.1", "rounding", 1, 2),)
    return TraceVerdict(
        name, "diverged", differences=differences, location=place, asserted=7, effects=effects, tolerated=tolerated
    )


def unjudged(name: str) -> TraceVerdict:
    """A trace that nobody could judge."""
    why = Reason(ReasonCode.SECRET, "recorded 200, replayed 401", "it computes with a redacted cookie", "add a key")
    return TraceVerdict(name, "not judged", why)


def everything(root: Path) -> RunResult:
    """A result with something of everything."""
    classes = (
        ClassVerdict(
            "POST /trades", "p1", "item-1", "total > LIMIT is true", 37, (diverged("d1"), diverged("d2"), SAME)
        ),
        ClassVerdict("GET /t/<id>", "p2", "item-2", "", 9, (unjudged("n1"), FAILED, HUNG, diverged("d3", DELETED))),
    )
    evidence = Evidence(
        place_key(PLACE),
        Excerpt(
            "shop.py",
            1,
            ("def fee(total):", "    if total > LIMIT:", "        return 10"),
            (2,),
            2,
            (BranchCount(2, "total > LIMIT", (("true", 30), ("false", 7))),),
        ),
        Excerpt("shop.py", 1, ("def fee(total):", "    if total > LIMIT * 5:", "        return 10"), (2,), 2),
        Variables(
            ("total", "user"),
            1,
            (Row("d1", "diverged", ("150", "'ann'")), Row("s1", "same", ("50", "'bob'"))),
            (("side", "'buy'"),),
            3,
        ),
    )
    finding = Finding(
        "fee(101)", True, "10", "0", (difference(DifferenceKind.RETURN, "return", 10, 0),), PLACE, "shop:fee", "p3", ""
    )
    explored = Explored(
        target="shop:fee", item="fee", recorded=3, counts=TrialCounts(examples=200, same=190), findings=(finding,)
    )
    statement = Blindness(entry="GET /old", reason="it goes in May", until=datetime.date(2030, 5, 1))
    return NOTHING._replace(
        root=root,
        verdicts=classes,
        evidence=(evidence,),
        explored=(JudgedExploration(explored, (finding,), (), ()),),
        acceptances=NOTHING.acceptances._replace(used=(ACCEPTANCE,), unmatched=(ACCEPTANCE,), settled=(ACCEPTANCE,)),
        reached=NOTHING.reached._replace(
            blind_spots=(
                BlindSpot("shop.py", 12, "return 4"),
                BlindSpot("shop.py", 14, "if x:", "x is true"),
                BlindSpot("till.py", 3, "close()"),
            ),
            around=(Excerpt("shop.py", 11, ("def close():", "    return 4", "", "    if x:"), (12, 14), 0),),
        ),
        agreed=Agreed(
            (UnjudgedChange("function", "shop:close", ("GET /t/<id>",), 3, (("a secret is missing", 3),)),),
            (statement,),
            (),
        ),
        fidelity={"GET /t/<id>": Fidelity(4, 3, 0, {"recorded 200, replayed 401": 1})},
        import_faults={"shop.gone": "No module named 'gone'"},
        wall="Landlock is not there",
        faults=("redis: AttributeError",),
    )


NASTY = (
    "\x1b[2J<script>alert(1)</script>`` | [x](javascript:1) @everyone \u202e ::error::x\n"
    "::set-output name=a::b <!-- --> </summary>"
)
"""A text with something for each reader: a terminal, a browser, Markdown, and the log of a CI system."""


def hostile() -> RunResult:
    """A result each of whose texts is hostile."""

    place = Location(NASTY, 2, f"{NASTY}:{NASTY}", NASTY, NASTY, "decision", NASTY, NASTY, NASTY, (NASTY, NASTY))
    field = FieldDifference(DifferenceKind.RETURN, NASTY, msgspec.Raw(b"1"), msgspec.Raw(b"2"), NASTY, NASTY, NASTY)
    effects = (Effect("changed", NASTY, NASTY, "write", (NASTY,)),)
    why = Reason(ReasonCode.SECRET, NASTY, NASTY, NASTY)
    traces = (
        TraceVerdict(NASTY, "diverged", why, (field,), place, 1, effects=effects),
        TraceVerdict(NASTY, "not judged", why),
        TraceVerdict(NASTY, "error", why),
    )
    excerpt = Excerpt(NASTY, 1, (NASTY, NASTY), (2,), 2, (BranchCount(2, NASTY, ((NASTY, 1),)),))
    table = Variables((NASTY,), 1, (Row(NASTY, "diverged", (NASTY,)),), ((NASTY, NASTY),))
    return NOTHING._replace(
        baseline=NOTHING.baseline._replace(name=NASTY),
        oracle=NOTHING.oracle._replace(label=NASTY),
        verdicts=(ClassVerdict(NASTY, NASTY, NASTY, NASTY, 3, traces),),
        evidence=(Evidence(place_key(place), excerpt, excerpt, table),),
        reached=NOTHING.reached._replace(
            blind_spots=(BlindSpot(NASTY, 1, NASTY, NASTY), BlindSpot(NASTY, 2, NASTY)), around=(excerpt,)
        ),
        agreed=Agreed((UnjudgedChange("line", f"{NASTY}:12 {NASTY}", (NASTY,), 1, ((NASTY, 1),)),), (), ()),
        import_faults={NASTY: NASTY},
        wall=NASTY,
        faults=(NASTY,),
    )


def large(traces: int, places: int) -> RunResult:
    """A result with so many diverged traces, at so many places."""
    classes = [
        ClassVerdict(
            f"POST /orders/{number % 20}",
            f"path-{number}",
            f"item-{number}",
            f"total > {number} is true",
            40,
            tuple(
                diverged(f"{number:04x}{position:04x}", decided(line=number + 1))
                for position in range(traces // places)
            ),
        )
        for number in range(places)
    ]
    return NOTHING._replace(verdicts=tuple(classes))
