"""Reports: one set of findings, for a person and as JSON."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pytest_runtime.recorders.model.value_tree import BytesNode, ListNode, Tree
from pytest_runtime.replay.judge.acceptance import Acceptance
from pytest_runtime.replay.judge.blind_spots import BlindSpot
from pytest_runtime.replay.judge.blindness import Agreed
from pytest_runtime.replay.judge.gate import UnjudgedChange
from pytest_runtime.replay.judge.seal import Fidelity, SealedTrace
from pytest_runtime.replay.model.difference import DifferenceKind
from pytest_runtime.replay.model.reason import NO_REASON, Reason, ReasonCode
from pytest_runtime.replay.model.render import PARTS, both_short, literal
from pytest_runtime.replay.model.verdict import (
    VERDICTS,
    CauseKind,
    ClassVerdict,
    FieldDifference,
    Location,
    Tolerated,
    TraceVerdict,
)
from pytest_runtime.replay.run.baseline import BaselineFacts
from pytest_runtime.replay.run.causes import causes_of, sorts_of
from pytest_runtime.replay.run.result import Acceptances, OracleFacts, ReachedChange, RunResult
from pytest_runtime.reports.failure import failure_text, one_line
from pytest_runtime.reports.json_report import FORMAT, report_of, write_report
from pytest_runtime.reports.terminal import print_summary
from pytest_runtime.testing import Scenario

SOURCE = "def fee(total):\n    if total > LIMIT:\n        return 10\n"


def decided(base: str = "150 > 100 is true", candidate: str = "150 > 500 is false", line: int = 2) -> Location:
    """The place of a decision that went another way."""
    how = f"base: {base}   candidate: {candidate}"
    return Location("shop.py", line, "shop:fee", "total > LIMIT", how, "decision", base, candidate)


def valued(base: str, candidate: str, kind: CauseKind = "value") -> Location:
    """The place of a line that came to another value."""
    return Location("shop.py", 3, "shop:fee", None, "how", kind, base, candidate)


PLACE = decided()


def difference(field: str, base: object = 1, candidate: object = 2) -> FieldDifference:
    """A differing field."""
    raw = [msgspec.Raw(msgspec.json.encode(value)) for value in (base, candidate)]
    return FieldDifference(DifferenceKind.RETURN, field, raw[0], raw[1], repr(base), repr(candidate))


def diverged(name: str, *fields: str, place: Location | None = PLACE) -> TraceVerdict:
    """A diverged trace."""
    return TraceVerdict(name, "diverged", NO_REASON, tuple(map(difference, fields)), place)


def verdict(*traces: TraceVerdict, entry: str = "shop:fee") -> ClassVerdict:
    """A class with some traces."""
    return ClassVerdict(entry, "p", "item", "total > LIMIT is true", 37, traces)


NOTHING = RunResult(
    root=Path("/nowhere"),
    trace="",
    baseline=BaselineFacts("staging", "/srv/staging.baseline", 1, {"drops": 1}),
    oracle=OracleFacts("revision", "HEAD", "the working tree is dirty", True, False),
    verdicts=(),
    acceptances=Acceptances((), (), (), (), ()),
    explored=(),
    reached=ReachedChange((), 3, 4, "", None),
    agreed=Agreed((), (), ()),
    fidelity={},
    import_faults={},
    wall="",
)


def totals(*verdicts: ClassVerdict, **more: Any) -> RunResult:
    """What a run found; `more` are fields of the result or of one of its parts."""
    found = NOTHING._replace(verdicts=verdicts)
    for name, value in more.items():
        if name in RunResult._fields:
            found = found._replace(**{name: value})
            continue
        [part] = [part for part in PARTS_OF_A_RESULT if name in getattr(found, part)._fields]
        found = found._replace(**{part: getattr(found, part)._replace(**{name: value})})
    return found


PARTS_OF_A_RESULT = ("baseline", "oracle", "acceptances", "reached")


def because_of(text: str) -> Reason:
    """A reason of which only the words count."""
    return Reason(ReasonCode.FAILED, text)


SAME = TraceVerdict("s1", "same", asserted=5)
UNJUDGED = TraceVerdict("n1", "not judged", because_of("refused os.system('x')"))
FAILED = TraceVerdict("e1", "error", because_of("the application is unknown"))
HUNG = TraceVerdict("h1", "hung", because_of("the replay was still running after 10 s"))
ACCEPTANCE = Acceptance(
    entry="shop:fee",
    path="p",
    conditions="total > LIMIT is true",
    field="return.x",
    kind="return",
    base="int",
    candidate="int",
    reason="TICKET-7",
)


class Printed:
    """A terminal reporter that keeps what it is given."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def section(self, title: str, sep: str) -> None:
        """A heading."""
        self.lines.append(title)

    def line(self, text: str, **colours: bool) -> None:
        """A line."""
        self.lines.append(text)


def printed(found: RunResult, reason: str = "") -> str:
    """The summary of a run."""
    reporter = Printed()
    print_summary(reporter, found, reason)
    return "\n".join(reporter.lines)


# --- the failure text ---------------------------------------------------------------------------------------------


def test_a_failure_text_is_read_from_top_to_bottom(tmp_path: Path) -> None:
    """What, where, how, which fields, which traces, and the command to see it oneself."""
    (tmp_path / "shop.py").write_text(SOURCE)
    found = verdict(
        diverged("aa", "return.items[0].price", "return.rate"),
        diverged("bb", "return.items[7].price", place=decided("7 > 1 is true", "7 > 9 is false")),
        SAME,
    )
    assert failure_text(found, "staging", tmp_path).splitlines() == [
        "shop:fee · total > LIMIT is true · 37 traces recorded, 3 replayed",
        "",
        "shop.py:2  if total > LIMIT:",
        "    base       150 > 100 is true     2 of 3",
        "    candidate  150 > 500 is false    2 of 3",
        "return.items[*].price  1 → 2",
        "return.rate            1 → 2    in 1 of 2",
        "traces aa bb",
        "replay one: pytest --runtime-baseline=staging --runtime-trace aa --pdb",
    ]


def test_one_divergence_is_reported_for_many_traces(tmp_path: Path) -> None:
    """Traces that diverge at one place are one paragraph; the most frequent comes first."""
    other = diverged("zz", "a", place=decided(line=9))
    text = failure_text(verdict(other, *(diverged(f"t{n}", "a") for n in range(5))), "b", tmp_path)
    assert text.index("shop.py:2") < text.index("shop.py:9")
    assert "traces t0 t1 (+3)" in text


def test_many_fields_are_cut(tmp_path: Path) -> None:
    """With the number of those that are not shown."""
    text = failure_text(verdict(diverged("aa", *(f"field_{n}" for n in range(20)))), "b", tmp_path)
    assert "… and 8 more fields" in text


def test_a_divergence_without_a_place_says_so(tmp_path: Path) -> None:
    """Nothing is made up."""
    assert "no place found    1 of 1" in failure_text(verdict(diverged("aa", "a", place=None)), "b", tmp_path)


def test_a_place_where_nothing_is_known_of_base_is_reported_in_words(tmp_path: Path) -> None:
    """A changed line, for example."""
    place = Location("shop.py", 3, "shop:fee", None, "changed: return 10", "change", "", "changed: return 10")
    assert "    changed: return 10    1 of 1" in failure_text(verdict(diverged("aa", "a", place=place)), "b", tmp_path)


def test_a_deleted_statement_is_shown_between_its_neighbours(tmp_path: Path) -> None:
    """The line that is there now would look like the cause."""
    (tmp_path / "shop.py").write_text(SOURCE, encoding="utf-8")
    gone = msgspec.structs.replace(PLACE, deleted="total += 1", between=("def fee(total):", "if total > LIMIT:"))
    text = failure_text(verdict(diverged("a", "return", place=gone)), "b", tmp_path)
    assert "shop.py:2  deleted: total += 1  (between `def fee(total):` and `if total > LIMIT:`)\n" in text
    last = msgspec.structs.replace(gone, between=("return 10", ""))
    text = failure_text(verdict(diverged("a", "return", place=last)), "b", tmp_path)
    assert "shop.py:2  deleted: total += 1  (beside `return 10`)\n" in text


def test_values_that_differ_from_trace_to_trace_are_said_to_be_examples(tmp_path: Path) -> None:
    """Of a decision the arm counts: traces that took another arm are distinguished."""
    values = verdict(
        diverged("a", "x", place=valued("fee = 1", "fee = 2")), diverged("b", "x", place=valued("fee = 5", "fee = 6"))
    )
    assert "    candidate  fee = 2    2 of 2 (values of the first)" in failure_text(values, "b", tmp_path)
    back = diverged("c", "x", place=decided("1 > 100 is false", "1 > 0 is true"))
    lines = failure_text(verdict(diverged("a", "x"), diverged("b", "x"), back), "b", tmp_path).splitlines()
    assert [line for line in lines if line.startswith("    ")] == [
        "    base       150 > 100 is true     2 of 3",
        "    candidate  150 > 500 is false    2 of 3",
        "    base       1 > 100 is false    1 of 3",
        "    candidate  1 > 0 is true       1 of 3",
    ]


def test_whatever_failed_is_reported_with_its_reason(tmp_path: Path) -> None:
    """Beside divergences, and what is accepted in the same class."""
    accepted = TraceVerdict("k1", "accepted", because_of("TICKET-7"), (difference("a"),))
    text = failure_text(verdict(FAILED, HUNG, accepted, SAME), "b", tmp_path)
    assert "error in 1 of 4: the application is unknown" in text
    assert "hung in 1 of 4: the replay was still running after 10 s" in text
    assert "accepted in 1 of 4: TICKET-7" in text
    said = one_line(verdict(FAILED, HUNG, diverged("a"), SAME))
    assert said.endswith("1 of 4 traces diverged, 1 did not end, 1 could not be replayed or compared")


def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    """With what may not have been seen."""
    cut = msgspec.structs.replace(diverged("aa", "return[0]"), left_out=960, why=because_of("there may be others"))
    text = failure_text(verdict(cut), "b", tmp_path)
    assert "… and 960 more differences like these" in text
    assert "note on 1 of 1: there may be others" in text


# --- causes -------------------------------------------------------------------------------------------------------


def test_divergences_that_begin_at_one_place_have_one_cause() -> None:
    """Across traces and path classes, whatever the values there; another line is another cause."""
    first = verdict(diverged("aa", "return.a[0]"), diverged("bb", "return.a[7]"), SAME)
    second = msgspec.structs.replace(verdict(diverged("cc", "return.b", place=decided("9 > 1 is true"))), path="q")
    other = msgspec.structs.replace(verdict(diverged("dd", "return.b", place=decided(line=9))), path="r")
    big, small = causes_of([first, other, second])
    assert (big.traces, big.replayed, len(big.classes)) == (("aa", "bb", "cc"), 4, 2)
    assert [(one.pattern, one.traces, one.differences) for one in big.sorts] == [
        ("return.a[*]", ("aa", "bb"), 2),
        ("return.b", ("cc",), 1),
    ]
    assert small.traces == ("dd",)


# --- no pass without proof ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (totals(classes=0), "baseline 'staging' holds no trace; this is not a pass"),
        (totals(trace="zz"), "no kept trace has an id that begins with 'zz'; this is not a pass"),
        (totals(changed_existing=True), "code changed that no recorded trace reaches, so nothing was judged"),
        (totals(changed_existing=True, required=0.0), ""),
        (totals(), ""),
        (totals(differs=False), ""),
        (totals(verdict(UNJUDGED)), "the one trace could not be judged; this is not a pass: refused"),
        (totals(verdict(UNJUDGED, SAME)), ""),
        (totals(verdict(SAME)), ""),
        (totals(verdict(diverged("a"))), ""),
        (totals(verdict(SAME), unmatched=(ACCEPTANCE,)), "an acceptance matches nothing any more: shop:fee"),
        (totals(verdict(SAME), settled=(ACCEPTANCE,)), ""),
        (totals(verdict(SAME), required=75.0), ""),
        (
            totals(verdict(SAME), required=80.0),
            "replays reach 3 of 4 changed lines (75 %), and --runtime-require-reach",
        ),
    ],
)
def test_a_run_without_proof_is_no_pass(found: RunResult, said: str) -> None:
    """Zero traces, none judged, stale acceptances and a missed gate have a reason; what failed needs none."""
    reason = found.no_pass()
    assert reason.startswith(said)
    assert bool(reason) == bool(said)
    report = report_of(found)
    assert report["passed"] == (not said and not report["counts"]["diverged"])
    assert report["reason"] == reason


# --- the summary --------------------------------------------------------------------------------------------------


def test_the_summary_counts_the_verdicts() -> None:
    """The four that are always shown, and the others where they occur, with reasons of what was not judged."""
    text = printed(totals(verdict(SAME, UNJUDGED), verdict(FAILED, diverged("a")), classes=9))
    counts = "1 same, 1 diverged, 1 not judged, 1 error; 5 values compared"
    assert f"runtime: 4 traces replayed (2 of 9 path classes): {counts}" in text
    assert "not judged, 1 trace, 18 recorded calls: refused os.system('x')" in text
    assert "1 same, 0 diverged, 0 not judged, 1 hung, 0 error" in printed(totals(verdict(SAME, HUNG)))


def test_the_summary_begins_with_the_causes(tmp_path: Path) -> None:
    """One paragraph each, with what happened there and the fields of the first traces."""
    (tmp_path / "shop.py").write_text(SOURCE)
    fields = [f"return.f{number}" for number in range(6)]
    found = totals(verdict(diverged("aa", *fields), diverged("bb", "return.f0"), SAME), root=tmp_path)
    assert printed(found).splitlines()[1:9] == [
        "2 divergences in 1 path class begin at shop.py:2  if total > LIMIT:",
        "    base       150 > 100 is true     2 of 3",
        "    candidate  150 > 500 is false    2 of 3",
        "    return.f0  1 → 2",
        "    return.f1  1 → 2    in 1 of 2",
        "    return.f2  1 → 2    in 1 of 2",
        "    return.f3  1 → 2    in 1 of 2",
        "    … and 2 more fields",
    ]
    many = [diverged(f"t{line}", "a", place=decided(line=line)) for line in range(12)]
    assert "… and divergences that begin at 2 more places" in printed(totals(verdict(*many)))
    assert "1 divergence in 1 path class begins at no place" in printed(totals(verdict(diverged("a", place=None))))


def test_what_rules_take_away_is_shown_with_its_reason() -> None:
    """Summed up over traces; a hook has no reason of its own."""
    ignored = Tolerated("return.debug ignored", "noise", 1, 3)
    hook = Tolerated("pytest_runtime_compare: return.x", "", 2)
    traces = [
        msgspec.structs.replace(SAME, tolerated=(ignored, hook)),
        msgspec.structs.replace(SAME, tolerated=(ignored,)),
    ]
    lines = printed(totals(verdict(*traces))).splitlines()
    assert (
        "rule: return.debug ignored: 6 values not compared, 2 differences taken for none, in 2 traces (noise)" in lines
    )
    assert "rule: pytest_runtime_compare: return.x: 2 differences taken for none, in 1 trace" in lines
    row = {"rule": "return.debug ignored", "reason": "noise", "traces": 2, "differences": 2, "ignored": 6}
    assert row in report_of(totals(verdict(*traces)))["rules"]


def test_acceptances_are_reported() -> None:
    """Used ones, those that fit nothing, and those that base holds itself."""
    gone, done = (msgspec.structs.replace(ACCEPTANCE, reason=reason) for reason in ("GONE-1", "DONE-2"))
    found = totals(verdict(SAME), used=(ACCEPTANCE,), unmatched=(gone,), settled=(done,))
    text = printed(found)
    assert "accepted: shop:fee · total > LIMIT is true · return.x: int → int (TICKET-7)" in text
    assert re.search(r"accepted, but not seen any more: .*GONE-1", text)
    assert re.search(r"accepted, and settled at base: .*DONE-2.*; remove it with: pytest-runtime prune staging", text)
    reported = report_of(found)["acceptances"]
    assert {key: [one["reason"] for one in ones] for key, ones in reported.items()} == {
        "used": ["TICKET-7"],
        "unmatched": ["GONE-1"],
        "settled": ["DONE-2"],
    }


def test_fidelity_is_reported_where_base_is_not_faithful() -> None:
    """And the command that says more."""
    found = Fidelity()
    for one in (
        SealedTrace("a"),
        SealedTrace("b", Reason(ReasonCode.UNEXPLAINED, "", "return: recorded 1, replayed 2")),
    ):
        found.count(one)
    text = printed(totals(verdict(SAME), fidelity={"shop:fee": found}))
    assert "fidelity: on HEAD, 1 of 2 traces replay as they were recorded (pytest-runtime seal staging says" in text
    assert report_of(totals(fidelity={"shop:fee": found}))["fidelity"]["shop:fee"] == {
        "traces": 2,
        "faithful": 1,
        "fallbacks": 0,
        "reasons": {"base does not replay as recorded: return: recorded 1, replayed 2": 1},
    }


def test_blind_spots_are_listed_up_to_a_limit() -> None:
    """With their source; where they are unknown, that is said; with one trace selected, they mean nothing."""
    spots = tuple(BlindSpot("shop.py", number, f"line {number}") for number in range(1, 31))
    text = printed(totals(verdict(SAME), blind_spots=spots))
    assert "30 changed lines that no trace reaches (blind spots):" in text
    assert "  shop.py:20  line 20" in text
    assert "… and 10 more" in text
    assert "blind" not in printed(totals(verdict(SAME), blind_spots=spots, trace="s1"))
    assert "blind spots are unknown: a debugger" in printed(totals(verdict(SAME), unavailable="a debugger"))


def test_ways_out_of_decisions_are_blind_spots_too() -> None:
    """Told with the way that none took."""
    spots = (BlindSpot("shop.py", 2, "if total > LIMIT:", "total > LIMIT is true"), BlindSpot("shop.py", 3, "return"))
    text = printed(totals(verdict(SAME), blind_spots=spots))
    assert "1 changed line and 1 arm of changed decisions that no trace reaches (blind spots):" in text
    assert "  shop.py:2  if total > LIMIT:    never: total > LIMIT is true" in text


def test_a_change_of_nothing_is_reported_in_a_line() -> None:
    """Nothing was replayed, and that is a pass."""
    line = "runtime: no file differs from HEAD in its meaning; nothing to replay"
    assert printed(totals(differs=False)) == line


# --- as JSON ------------------------------------------------------------------------------------------------------


def test_the_json_report_groups_equal_differences(tmp_path: Path) -> None:
    """One row per place, kind and field pattern, with all traces that show it; the file is the report."""
    items = [f"return.items[{number}].price" for number in range(40)]
    both = (diverged("aa", *items), diverged("bb", "return.items[7].price", "return.y"))
    found = totals(verdict(*both, UNJUDGED, FAILED))
    write_report(tmp_path / "new" / "report.json", found)
    report = json.loads((tmp_path / "new" / "report.json").read_text(encoding="utf-8"))
    assert report == json.loads(msgspec.json.encode(report_of(found)))
    assert report["format"] == FORMAT
    none = dict.fromkeys((name.replace(" ", "_") for name in VERDICTS), 0)
    assert report["counts"] == {**none, "diverged": 2, "not_judged": 1, "error": 1}
    assert [(row["field"], row["differences"], row["trace_ids"]) for row in report["divergences"]] == [
        ("return.items[*].price", 41, ["aa", "bb"]),
        ("return.y", 1, ["bb"]),
    ]
    example = {"trace": "aa", "field": "return.items[0].price", "base": 1, "candidate": 2}
    assert report["divergences"][0]["example"] == example
    assert report["divergences"][0]["location"]["function"] == "shop:fee"
    assert report["not_judged"] == [
        {
            "entry": "shop:fee",
            "conditions": "total > LIMIT is true",
            "item": "item",
            "reason": "refused os.system('x')",
            "trace_ids": ["n1"],
        }
    ]
    assert report["errors"][0]["trace_ids"] == ["e1"]
    [cause] = report["causes"]
    assert (cause["location"]["kind"], cause["traces"], cause["replayed"]) == ("decision", 2, 4)
    assert cause["fields"][0]["traces"] == 2


def test_every_verdict_is_counted() -> None:
    """They add up to all traces."""
    counts = totals(verdict(*(TraceVerdict(name, name) for name in VERDICTS))).counts()
    assert counts == dict.fromkeys(VERDICTS, 1)


def test_a_missing_wall_is_said_in_every_report() -> None:
    """With what is not closed off."""
    missing = "the network is not closed off"
    assert f"no wall around replays: {missing}" in printed(totals(verdict(SAME), wall=missing))
    assert "wall" not in printed(totals(verdict(SAME)))
    assert report_of(totals(verdict(SAME), wall=missing))["wall"] == missing


def test_a_boundary_that_is_not_in_place_is_said_in_every_report() -> None:
    """What it guards is not answered as recorded."""
    fault = "AttributeError: module 'gateway' has no attribute 'send'"
    printed_then = printed(totals(verdict(SAME), faults=(fault,)))
    assert (
        f"a boundary could not be put in place, and what it guards is not answered as recorded: {fault}" in printed_then
    )
    assert "could not be put in place" not in printed(totals(verdict(SAME)))
    assert report_of(totals(verdict(SAME), faults=(fault,)))["faults"] == [fault]


def test_calls_that_were_not_sampled_are_named_where_nobody_judged_a_change() -> None:
    """Recording them is what is left to do."""
    left = (UnjudgedChange("function", "shop:fee", ("shop:fee",), 1, (("it reads shop.state", 1),)),)
    text = printed(totals(verdict(SAME), agreed=Agreed(left, (), ()), unsampled={"shop:fee": 12, "shop:other": 3}))
    assert "12 calls or more of shop:fee were not sampled when it was recorded" in text
    assert "shop:other" not in text


QUERY = (
    "SELECT p.id, title, body, created, author_id, username FROM post p JOIN user u ON p.author_id = u.id "
    "WHERE a > {} ORDER BY created"
)


def test_long_values_are_cut_around_what_differs() -> None:
    """Two long texts are never shown as the same text twice; a string still begins with its quote."""
    base, candidate = both_short(QUERY.format(1), QUERY.format(2))
    assert (base[:2], candidate[:2]) == ("'…", "'…")
    assert "WHERE a > 1" in base
    assert "WHERE a > 2" in candidate
    assert max(map(len, (base, candidate))) <= 102
    rows: list[Tree] = [ListNode([QUERY.format(0)[:30], number]) for number in range(20)]
    left, right = both_short(ListNode(rows), ListNode([*rows[:-1], ListNode(["last", 19])]))
    assert left != right
    assert "'last', 19" in right
    assert both_short(1, "a") == ("1", "'a'")
    data, other = (BytesNode(b"-" * 500 + last) for last in (b"one", b"two"))
    assert both_short(data, other)[1].endswith("two'")
    assert both_short("short", "text") == ("'short'", "'text'")


def test_a_large_value_is_written_without_visiting_all_of_it() -> None:
    """Thirty items in each of six levels are 700 million parts."""
    tree: Tree = 1
    for _level in range(6):
        tree = ListNode([tree] * 30)
    assert len(literal(tree)) < 20 * PARTS


def test_a_changed_argument_is_named_as_the_function_names_it(tmp_path: Path) -> None:
    """`items[0]`, not its position in the recording; what acceptances go by stays."""
    source = """
        def mark(first, items, *rest, **named):
            items[0] = 1
            rest[0].append(1)
            named["by"].append(1)
        """
    scenario = Scenario(tmp_path, {"shop": source}).record(lambda shop: shop.mark(0, [0, 0], [], by=[]))
    for old, new in (("items[0] = 1", "items[0] = 2"), ("rest[0].append(1)", "rest[0].append(2)")):
        scenario.change("shop", old, new)
    replayed = scenario.change("shop", '["by"].append(1)', '["by"].append(2)').replay()
    [trace] = replayed.traces
    assert [(one.field, one.shown) for one in trace.differences] == [
        ("arguments[1][1][0]", "items[0]"),
        ("arguments[1][2][0]", ""),
        ("arguments[2].by[0]", "by[0]"),
    ]
    [first, _by] = sorts_of([trace])
    assert (first.pattern, first.shown) == ("arguments[*][*][*]", "arguments[*][*][*]")
    only = msgspec.structs.replace(trace, differences=trace.differences[:1])
    assert "\nitems[0]  1 → 2" in failure_text(verdict(only), "b", tmp_path)
