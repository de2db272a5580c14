"""The table: every package that was measured, the bad ones first, totals, reasons, and those that were passed over."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from strangers_bench.measure import Judged, Result
from strangers_bench.qualify import Qualification
from strangers_bench.releases import KINDS

HEAD = (
    *("package", "tests", "fail only recorded", "time", "recorded", "kept", "faithful", "judged"),
    *("unchanged diverged", "mutants", "killed", "flagged", "function", "line"),
    *("judged+killed", "line run", "flagged", "function", "survive, flagged"),
    *("red, not judged", "green, not judged", "problem"),
)
MOST_REASONS = 25


class Numbers(msgspec.Struct, frozen=True):
    """What is counted, of one package or of all."""

    tests: int = 0
    only_recorded: int = 0
    plain_seconds: float = 0.0
    recorded_seconds: float = 0.0
    recorded: int = 0
    kept: int = 0
    """Traces that the baseline holds in the end."""
    faithful: int = 0
    replayed: int = 0
    judged: int = 0
    diverged: int = 0
    """Verdicts on unchanged code that fail a run: there should be none."""
    mutants: int = 0
    killed: int = 0
    flagged: int = 0
    """Of those that the suite kills; so the next two."""
    function: int = 0
    line: int = 0
    judged_killed: int = 0
    """Those that the suite kills and whose function was faithfully judged; of them:"""
    judged_reached: int = 0
    """A replay ran the changed line, too, be it judged or not."""
    judged_flagged: int = 0
    judged_function: int = 0
    survivors_flagged: int = 0
    red: int = 0
    """Neither flagged nor green."""
    green_unjudged: int = 0
    """Green although the changed function was not faithfully judged: there should be none."""


def numbers(result: Result) -> Numbers:
    """The figures of one package."""
    suite, unchanged, recorded = result.qualification.suite, result.unchanged, result.recorded
    assert suite is not None
    killed = [one for one in result.mutants if one.killed]
    both = [one for one in killed if one.faithful]
    return Numbers(
        tests=len(suite.tests),
        only_recorded=len(recorded.failed),
        plain_seconds=suite.seconds,
        recorded_seconds=recorded.seconds,
        recorded=recorded.traces,
        kept=sum(unchanged.counts.values()),
        faithful=unchanged.faithful,
        replayed=unchanged.replayed,
        judged=len(unchanged.judged),
        diverged=sum(unchanged.counts.get(name, 0) for name in ("diverged", "hung", "crashed", "error")),
        mutants=len(result.mutants),
        killed=len(killed),
        flagged=_count(killed, lambda one: one.verdict.flagged),
        function=_count(killed, lambda one: one.in_function),
        line=_count(killed, lambda one: one.at_line),
        judged_killed=len(both),
        judged_reached=_count(both, lambda one: one.verdict.reached),
        judged_flagged=_count(both, lambda one: one.verdict.flagged),
        judged_function=_count(both, lambda one: one.in_function),
        survivors_flagged=_count(result.mutants, lambda one: not one.killed and one.verdict.flagged),
        red=_count(result.mutants, lambda one: not one.verdict.flagged and not one.verdict.green),
        green_unjudged=_count(result.mutants, lambda one: one.green_unjudged),
    )


def _count(mutants: Iterable[Judged], belongs: Callable[[Judged], bool]) -> int:
    return sum(belongs(one) for one in mutants)


def total(found: Iterable[Numbers]) -> Numbers:
    """The sum of all."""
    rows = [msgspec.structs.astuple(one) for one in found]
    return Numbers(*map(sum, zip(*rows, strict=True))) if rows else Numbers()


def badness(result: Result) -> tuple[object, ...]:
    """Sorts the bad ones to the front: false greens and alarms, harm to the suite, then what was not judged."""
    found = numbers(result)
    share = found.judged / found.kept if found.kept else 0.0
    wrong = found.green_unjudged + found.diverged
    return not result.problem, -wrong, -found.only_recorded, share, result.name


def row(name: str, found: Numbers, problem: str) -> list[str]:
    """One line of the table."""
    times = found.recorded_seconds / found.plain_seconds if found.plain_seconds else 0.0
    return [
        name,
        *(str(found.tests), str(found.only_recorded), f"x{times:.1f}", str(found.recorded), str(found.kept)),
        *(percent(found.faithful, found.replayed), percent(found.judged, found.kept), str(found.diverged)),
        *(str(found.mutants), str(found.killed)),
        *(of(found.flagged, found.killed), of(found.function, found.flagged), of(found.line, found.flagged)),
        *(str(found.judged_killed), of(found.judged_reached, found.judged_killed)),
        of(found.judged_flagged, found.judged_killed),
        of(found.judged_function, found.judged_flagged),
        of(found.survivors_flagged, found.mutants - found.killed),
        *(str(found.red), str(found.green_unjudged), problem),
    ]


def percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "-"


def of(part: int, whole: int) -> str:
    return f"{part}/{whole}" if whole else "-"


def table(results: Sequence[Result]) -> str:
    """All packages, the bad ones first, and their sum."""
    ordered = sorted(results, key=badness)
    rows = [list(HEAD), *(row(one.name, numbers(one), one.problem) for one in ordered)]
    rows.append(row(f"all {len(results)}", total(map(numbers, results)), ""))
    return aligned(rows)


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Rows as a table in Markdown."""
    widths = [max(len(cells[column]) for cells in rows) for column in range(len(rows[0]))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |" for cells in rows
    ]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])


def reasons(results: Iterable[Result], of: Callable[[Result], Mapping[str, int]]) -> str:
    """Reasons of traces by kind, the most frequent first, with the packages."""
    counts: Counter[str] = Counter()
    packages: dict[str, set[str]] = {}
    for result in results:
        for reason, count in of(result).items():
            counts[kind_of(reason)] += count
            packages.setdefault(kind_of(reason), set()).add(result.name)
    return "\n".join(
        f"{count:7}  {reason}  ({len(packages[reason])}: {', '.join(sorted(packages[reason])[:4])})"
        for reason, count in counts.most_common(MOST_REASONS)
    )


def kind_of(reason: str) -> str:
    """A reason without the names and numbers of the single case."""
    plain = re.sub(r"'[^']*'|\"[^\"]*\"|`[^`]*`", "'…'", reason)
    plain = re.sub(r"(/[\w.-]+)+(:\d+)?", "/…", plain)
    plain = re.sub(r"\b[\w.]+:[\w.<>]+", "NAME", plain)
    return re.sub(r"\d+", "N", plain)[:160]


def passed_over(found: Iterable[Qualification]) -> str:
    """The packages that are not measured, by kind of reason."""
    over = [one for one in found if one.reason]
    kinds: Mapping[str, list[Qualification]] = {
        kind: [one for one in over if one.reason.partition(":")[0] == kind] for kind in KINDS
    }
    return "\n".join(
        f"{kind}: {len(members)}\n" + "\n".join(f"    {one.name} {one.version}: {_why(one)}" for one in members)
        for kind, members in kinds.items()
        if members
    )


def _why(found: Qualification) -> str:
    return found.reason.partition(":")[2].strip()[:150]


def unexpected(results: Iterable[Result]) -> str:
    """Every mutant that is a false green, or is judged, killed and yet not flagged in its function; for reading."""
    lines = []
    for result in results:
        for one in result.mutants:
            if why := _why_unexpected(one):
                lines.append(f"{result.name}: {why}\n{one.diff}")
    return "\n\n".join(lines)


def _why_unexpected(mutant: Judged) -> str:
    if mutant.green_unjudged:
        return "green, not judged"
    if not (mutant.killed and mutant.faithful) or mutant.in_function:
        return ""
    if mutant.verdict.flagged:
        return f"flagged in another function: {mutant.verdict.place}"
    colour = "green" if mutant.verdict.green else "red"
    line = "the changed line was run again" if mutant.verdict.reached else "no replay ran the changed line"
    return f"killed and judged, not flagged ({colour}; {line})"
