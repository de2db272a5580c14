"""Harmless edits: found or made, shown to be harmless by the oracle, and judged by the product."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

from judging.bench import Base, Bench, Benches, Changes
from judging.mutants import Source
from judging.places import functions
from judging.product import Judgement
from judging.refactorings import REFACTORINGS, Function, private_names, rename_private
from judging.subject import BENCHMARKS, EXAMPLE

TRIES = 6
"""How many edits are tried for each that is wanted."""
BY_HAND = BENCHMARKS / "subjects" / "harmless"


@dataclass(frozen=True)
class Edit:
    """One edit of a subject."""

    kind: str
    where: str
    changes: Changes


@dataclass(frozen=True)
class Row:
    """One harmless edit, and what the product says."""

    subject: str
    edit: Edit
    judgement: Judgement

    @property
    def alarmed(self) -> bool:
        return self.judgement.verdict != "same"


Kinds = Mapping[str, Sequence[Edit]]
"""Edits to try, by kind."""


def kinds(base: Base) -> Kinds:
    """All generated edits of functions that the traffic runs, shuffled, and those made by hand."""
    found: dict[str, Sequence[Edit]] = {kind: shuffled(base, kind) for kind in REFACTORINGS}
    found["rename a private name"] = [*renamed(base)]
    found["by hand"] = [*by_hand(base)]
    return found


def shuffled(base: Base, kind: str) -> list[Edit]:
    edits = [*generated(base, kind)]
    random.Random(f"{base.place.subject.name}:{kind}").shuffle(edits)
    return edits


def generated(base: Base, kind: str) -> Iterator[Edit]:
    for file, content in base.sources.items():
        source = Source(file, content)
        for name, function in functions(source.tree):
            if runs(base, file, function):
                for new in REFACTORINGS[kind](source, function):
                    if compiles(new):
                        yield Edit(kind, f"{file} {name}", {file: new})


def runs(base: Base, file: str, function: Function) -> bool:
    """Whether the traffic runs it."""
    lines = range(function.body[0].lineno, (function.end_lineno or 0) + 1)
    return bool(base.lines.get(file, set()).intersection(lines))


def compiles(content: bytes) -> bool:
    try:
        compile(content, "candidate", "exec")
    except (SyntaxError, ValueError):
        return False
    return True


def renamed(base: Base) -> Iterator[Edit]:
    wanted = private_names(base.sources)
    random.Random(base.place.subject.name).shuffle(wanted)
    for name in wanted:
        yield Edit("rename a private name", name, rename_private(base.sources, name))


def by_hand(base: Base) -> Iterator[Edit]:
    """Diffs that the repository holds."""
    folder = EXAMPLE / "changes" if base.place.subject.is_service else BY_HAND / base.place.subject.package
    for diff in sorted(folder.glob("harmless-*.diff")):
        yield Edit("by hand", diff.stem, patched(base, diff))


def patched(base: Base, diff: Path) -> Changes:
    """The files that a diff changes, as it leaves them."""
    before = base.sources
    command = ["git", "apply", "-p1", "--unsafe-paths", f"--directory={base.place.folder}", str(diff)]
    subprocess.run(command, cwd="/", check=True, capture_output=True)
    try:
        return {file: content for file, content in base.sources.items() if content != before.get(file)}
    finally:
        for file, content in before.items():
            (base.place.folder / file).write_bytes(content)


def run(benches: Benches, each: int, note: Callable[[Row], None]) -> list[Row]:
    """Judge `each` harmless edits of every kind, and all that were made by hand."""
    return run_kinds(benches, kinds(benches.base), each, note)


def run_kinds(benches: Benches, found: Kinds, each: int, note: Callable[[Row], None]) -> list[Row]:
    """The same for edits that are given."""
    rows = benches.each(partial(of_kind, found, each, note), list(found))
    return [row for some in rows for row in some]


def of_kind(found: Kinds, each: int, note: Callable[[Row], None], bench: Bench, kind: str) -> list[Row]:
    wanted = len(found[kind]) if kind == "by hand" else each
    harmless = (edit for edit in found[kind][: max(wanted, each * TRIES)] if bench.seen(edit.changes) is None)
    return [judged(bench, edit, note) for edit in islice(harmless, wanted)]


def judged(bench: Bench, edit: Edit, note: Callable[[Row], None]) -> Row:
    row = Row(bench.base.place.subject.name, edit, bench.judged(edit.changes))
    note(row)
    return row


def table(rows: Sequence[Row]) -> list[list[str]]:
    """Per kind; the first row is the head."""
    found = [["kind", "edits", "same", "flagged", "not judged"]]
    for kind in [*dict.fromkeys(row.edit.kind for row in rows), "all"]:
        ours = [row for row in rows if kind in ("all", row.edit.kind)]
        verdicts = [row.judgement.verdict for row in ours]
        flagged = sum(row.judgement.flagged for row in ours)
        rest = len(ours) - flagged - verdicts.count("same")
        found.append([kind, *map(str, (len(ours), verdicts.count("same"), flagged, rest))])
    return found


def missed(rows: Sequence[Row]) -> list[str]:
    alarms = sum(row.alarmed for row in rows)
    return [f"harmless edits: {alarms} of {len(rows)} are flagged, the target is none"] if alarms else []


def listing(rows: Sequence[Row], base_sources: Mapping[str, Mapping[str, bytes]]) -> str:
    """Every false alarm with its diff and reason."""
    return "\n\n".join(described(row, base_sources.get(row.subject, {})) for row in rows if row.alarmed) + "\n"


def described(row: Row, before: Mapping[str, bytes]) -> str:
    said = row.judgement
    place = said.location
    where = f"{place.file}:{place.line} {place.function} {place.condition} ({place.how})" if place else "no place"
    lines = [
        f"# {row.subject}: {row.edit.kind}: {row.edit.where}",
        f"product: {said.verdict} {dict(said.counts)} {where}",
    ]
    lines += [f"         {text}" for text in [*said.fields, *said.reasons]]
    return "\n".join([*lines, *diffs(before, row.edit.changes)])


def diffs(before: Mapping[str, bytes], after: Changes) -> Iterator[str]:
    import difflib

    for file, content in after.items():
        old = before.get(file, b"").decode().splitlines()
        yield from difflib.unified_diff(old, content.decode().splitlines(), file, file, lineterm="", n=1)
