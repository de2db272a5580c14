"""Mutation runs: what the oracle and the product each say of every mutant, and the rates."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from judging.bench import Base, Bench, Benches
from judging.mutants import OPERATORS, Mutant, choose, points
from judging.oracle import Difference
from judging.product import Judgement, Location

TARGETS = {"flagged": 0.97, "function": 0.85, "line": 0.70}


@dataclass(frozen=True)
class Row:
    """One mutant."""

    subject: str
    mutant: Mutant
    seen: Difference | None
    judgement: Judgement

    @property
    def observable(self) -> bool:
        return self.seen is not None

    @property
    def caught(self) -> bool:
        return self.observable and self.judgement.flagged

    @property
    def in_function(self) -> bool:
        return self.caught and is_in_function(self.mutant, self.judgement.location)

    @property
    def at_line(self) -> bool:
        return self.caught and is_at_line(self.mutant, self.judgement.location)


def is_in_function(mutant: Mutant, found: Location | None) -> bool:
    """Whether the place is in the mutated function, or in a lambda or comprehension of it."""
    if found is None or found.file != mutant.file:
        return False
    return found.function == mutant.function or found.function.startswith(f"{mutant.function}.<locals>.<")


def is_at_line(mutant: Mutant, found: Location | None) -> bool:
    """Whether the place is in the mutated statement, or names the mutated condition."""
    if found is None or not is_in_function(mutant, found):
        return False
    return mutant.first <= found.line <= mutant.last or found.condition in mutant.conditions


def chosen(base: Base, count: int) -> list[Mutant]:
    """Mutants of what the traffic runs."""
    found = [
        point for file, content in base.sources.items() for point in points(file, content, base.lines.get(file, set()))
    ]
    return choose(found, count, base.place.subject.name)


def run(benches: Benches, count: int, note: Callable[[Row], None]) -> list[Row]:
    """Judge `count` mutants of one subject."""

    def one(bench: Bench, mutant: Mutant) -> Row:
        changes = {mutant.file: mutant.source}
        row = Row(bench.base.place.subject.name, mutant, bench.seen(changes), bench.judged(changes))
        note(row)
        return row

    return benches.each(one, chosen(benches.base, count))


def table(rows: Sequence[Row]) -> list[list[str]]:
    """Per subject and operator, per subject, and all; the first row is the head."""
    head = ["subject", "operator", "mutants", "observable", "flagged", "right function", "right line or branch"]
    head += ["not observable, flagged"]
    found = [head]
    for subject in dict.fromkeys(row.subject for row in rows):
        ours = [row for row in rows if row.subject == subject]
        for operator in OPERATORS:
            found.append(line_of(subject, operator, [row for row in ours if row.mutant.operator == operator]))
        found.append(line_of(subject, "all", ours))
    for operator in OPERATORS:
        found.append(line_of("all", operator, [row for row in rows if row.mutant.operator == operator]))
    return [*found, line_of("all", "all", rows)]


def line_of(subject: str, operator: str, rows: Sequence[Row]) -> list[str]:
    observable, caught = sum(row.observable for row in rows), sum(row.caught for row in rows)
    return [
        subject,
        operator,
        str(len(rows)),
        str(observable),
        share(caught, observable),
        share(sum(row.in_function for row in rows), caught),
        share(sum(row.at_line for row in rows), caught),
        str(sum(row.judgement.flagged and not row.observable for row in rows)),
    ]


def share(part: int, whole: int) -> str:
    return f"{part} ({100 * part / whole:.1f} %)" if whole else "-"


def rates(rows: Sequence[Row]) -> dict[str, float]:
    """What the targets are held to."""
    observable, caught = sum(row.observable for row in rows), sum(row.caught for row in rows)
    return {
        "flagged": caught / observable if observable else 0.0,
        "function": sum(row.in_function for row in rows) / caught if caught else 0.0,
        "line": sum(row.at_line for row in rows) / caught if caught else 0.0,
    }


def missed(rows: Sequence[Row]) -> list[str]:
    """The targets that are missed."""
    found = rates(rows)
    return [
        f"{name}: {100 * found[name]:.1f} %, the target is {100 * target:.0f} %"
        for name, target in TARGETS.items()
        if found[name] < target
    ]


def listing(rows: Iterable[Row]) -> str:
    """Every mutant that is not as it should be, for reading."""
    kinds: dict[str, Callable[[Row], bool]] = {
        "observable, not flagged": lambda row: row.observable and not row.judgement.flagged,
        "flagged, not observable": lambda row: row.judgement.flagged and not row.observable,
        "in another function": lambda row: row.caught and not row.in_function,
        "at another line": lambda row: row.in_function and not row.at_line,
    }
    found = list(rows)
    parts = []
    for title, belongs in kinds.items():
        members = [row for row in found if belongs(row)]
        parts += [f"# {title}: {len(members)}", *(described(row) for row in members)]
    return "\n\n".join(parts) + "\n"


def described(row: Row) -> str:
    said = row.judgement
    lines = [f"{row.subject}: {row.mutant.diff}", f"product:   {said.verdict} {dict(said.counts)}"]
    if said.location is not None:
        place = said.location
        lines.append(f"           {place.file}:{place.line} {place.function} {place.condition} ({place.how})")
    lines += [f"           {text}" for text in [*said.fields, *said.reasons]]
    return "\n".join([*lines, str(row.seen) if row.seen is not None else "oracle:    sees nothing"])
