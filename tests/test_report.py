"""Reports: one set of findings, for a person and as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from pytest_runtime.replay.engine import BlindSpot
from pytest_runtime.replay.verdict import ClassVerdict, FieldDifference, Location, TraceVerdict, Verdict
from pytest_runtime.reports.failure import failure_text, one_line, pattern
from pytest_runtime.reports.json_report import FORMAT, report_of, write_report
from pytest_runtime.reports.terminal import print_summary
from pytest_runtime.reports.totals import Totals

PLACE = Location("shop.py", 2, "shop:fee", "total > LIMIT", "base: true   candidate: false")


def difference(field: str, base: object = 1, candidate: object = 2) -> FieldDifference:
    """A differing field."""
    raw = [msgspec.Raw(msgspec.json.encode(value)) for value in (base, candidate)]
    return FieldDifference("return", field, raw[0], raw[1], repr(base), repr(candidate))


def diverged(name: str, *fields: str, place: Location | None = PLACE) -> TraceVerdict:
    """A diverged trace."""
    return TraceVerdict(name, "diverged", "", tuple(map(difference, fields)), place)


def verdict(*traces: TraceVerdict, entry: str = "shop:fee") -> ClassVerdict:
    """A class with some traces."""
    return ClassVerdict(entry, "p", "item", "total > LIMIT is true", 37, traces)


def totals(*verdicts: ClassVerdict, spots: tuple[BlindSpot, ...] = (), selection: str = "", why: str = "") -> Totals:
    """What a run found."""
    return Totals("staging", "/srv/staging.baseline", {"drops": 1}, verdicts, spots, why, {}, selection)


SAME = TraceVerdict("s1", "same")
UNJUDGED = TraceVerdict("n1", "not judged", "refused os.system('x')")
FAILED = TraceVerdict("e1", "error", "the application is unknown")


class Printed:
    """A terminal reporter that keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def section(self, title: str, sep: str) -> None:
        """A heading."""
        self.lines.append(title)

    def line(self, text: str, **colours: bool) -> None:
        """A line."""
        self.lines.append(text)


def printed(found: Totals, reason: str = "") -> str:
    """The summary of a run."""
    reporter = Printed()
    print_summary(reporter, found, reason)
    return "\n".join(reporter.lines)


def test_a_failure_text_is_read_from_top_to_bottom(tmp_path: Path) -> None:
    """What, where, how, which fields, which traces, and the command to see it oneself."""
    (tmp_path / "shop.py").write_text("def fee(total):\n    if total > LIMIT:\n")
    found = verdict(
        diverged("aa", "return.items[0].price", "return.rate"), diverged("bb", "return.items[7].price"), SAME
    )
    assert failure_text(found, "staging", tmp_path).splitlines() == [
        "shop:fee · total > LIMIT is true · 37 traces recorded, 3 replayed",
        "",
        "shop.py:2  if total > LIMIT:",
        "    base: true   candidate: false    2 of 3",
        "return.items[*].price  1 → 2",
        "return.rate            1 → 2    in 1 of 2",
        "traces aa bb",
        "replay one: pytest --runtime-baseline=staging --runtime-trace aa --pdb",
    ]


def test_one_divergence_is_told_for_many_traces(tmp_path: Path) -> None:
    """Traces that diverge at one place are one paragraph; the most frequent comes first."""
    other = Location("shop.py", 9, "shop:f", None, "returned")
    text = failure_text(
        verdict(diverged("zz", "a", place=other), *(diverged(f"t{n}", "a") for n in range(5))), "b", tmp_path
    )
    assert text.index("shop.py:2") < text.index("shop.py:9")
    assert "traces t0 t1 (+3)" in text


def test_many_fields_are_cut(tmp_path: Path) -> None:
    """With the number of those that are not shown."""
    text = failure_text(verdict(diverged("aa", *(f"field_{n}" for n in range(20)))), "b", tmp_path)
    assert "… and 8 more fields" in text


def test_a_divergence_without_a_place_says_so(tmp_path: Path) -> None:
    """Nothing is made up."""
    assert "no place found    1 of 1" in failure_text(verdict(diverged("aa", "a", place=None)), "b", tmp_path)


def test_errors_are_told_with_their_reason(tmp_path: Path) -> None:
    """Beside divergences."""
    assert "error in 1 of 2: the application is unknown" in failure_text(verdict(FAILED, SAME), "b", tmp_path)
    assert one_line(verdict(FAILED, diverged("a"), SAME)).endswith("1 of 3 traces diverged, 1 could not be replayed")


def test_positions_in_lists_are_no_part_of_a_pattern() -> None:
    """The same field of many items is one."""
    assert pattern("return.items[12].tags[3]") == "return.items[*].tags[*]"


@pytest.mark.parametrize(
    ("verdicts", "selection", "said"),
    [
        ((), "", "no trace of baseline 'staging' was replayed; this is not a pass"),
        ((), "zz", "no kept trace has an id that begins with 'zz'; this is not a pass"),
        (
            (verdict(UNJUDGED),),
            "",
            "none of the 1 traces could be judged; this is not a pass. Most often: refused os.system",
        ),
        ((verdict(UNJUDGED, SAME),), "", ""),
        ((verdict(SAME),), "", ""),
        ((verdict(diverged("a")),), "", ""),
    ],
)
def test_a_run_without_proof_is_no_pass(verdicts: tuple[ClassVerdict, ...], selection: str, said: str) -> None:
    """Zero traces and none judged have a reason; what failed needs none."""
    reason = totals(*verdicts, selection=selection).no_pass()
    assert reason.startswith(said)
    assert bool(reason) == bool(said)
    report = report_of(totals(*verdicts, selection=selection))
    assert report["passed"] == (not said and not report["counts"]["diverged"])
    assert report["reason"] == reason


def test_the_summary_counts_all_four_verdicts() -> None:
    """Also those that do not occur, with reasons of what was not judged."""
    text = printed(totals(verdict(SAME, UNJUDGED), verdict(FAILED, diverged("a"))))
    assert "runtime: 4 traces replayed: 1 same, 1 diverged, 1 not judged, 1 error" in text
    assert "not judged, 1 traces: refused os.system('x')" in text


def test_blind_spots_are_listed_up_to_a_limit() -> None:
    """With their source; where they are unknown, that is said; with one trace selected, they mean nothing."""
    spots = tuple(BlindSpot("shop.py", number, f"line {number}") for number in range(1, 31))
    text = printed(totals(verdict(SAME), spots=spots))
    assert "30 changed lines that no trace reaches (blind spots):" in text
    assert "  shop.py:20  line 20" in text
    assert "… and 10 more" in text
    assert "blind" not in printed(totals(verdict(SAME), spots=spots, selection="s1"))
    assert "blind spots are unknown: a debugger" in printed(totals(verdict(SAME), why="a debugger"))


def test_a_session_without_replays_prints_nothing() -> None:
    """Collection alone, or an interrupted run."""
    assert printed(totals()) == ""


def test_the_json_report_groups_equal_differences(tmp_path: Path) -> None:
    """One row per field, values and place, with all traces that show it; the file is the report."""
    found = totals(verdict(diverged("aa", "return.x"), diverged("bb", "return.x", "return.y"), UNJUDGED, FAILED))
    write_report(tmp_path / "new" / "report.json", found)
    report = json.loads((tmp_path / "new" / "report.json").read_text(encoding="utf-8"))
    assert report == json.loads(msgspec.json.encode(report_of(found)))
    assert report["format"] == FORMAT
    assert report["counts"] == {"same": 0, "diverged": 2, "not_judged": 1, "error": 1}
    assert [(row["field"], row["trace_ids"]) for row in report["divergences"]] == [
        ("return.x", ["aa", "bb"]),
        ("return.y", ["bb"]),
    ]
    assert report["not_judged"] == [
        {
            "entry": "shop:fee",
            "conditions": "total > LIMIT is true",
            "reason": "refused os.system('x')",
            "trace_ids": ["n1"],
        }
    ]
    assert report["errors"][0]["trace_ids"] == ["e1"]
    assert report["divergences"][0]["location"]["function"] == "shop:fee"


def test_every_verdict_is_counted() -> None:
    """The four add up to all traces."""
    names: tuple[Verdict, ...] = ("same", "diverged", "not judged", "error")
    counts = totals(verdict(*(TraceVerdict(name, name) for name in names))).counts()
    assert counts == dict.fromkeys(names, 1)
