"""Real refactorings: what changed between two releases of a package without a caller noticing.

Two kinds of case for a pair of releases. The whole new release, when the oracle sees nothing of it under the subject's
traffic; and single functions of the new release put into the old one, for every function that the traffic runs and
whose syntax tree differs by more than its docstring.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from judging.bench import Base, Benches
from judging.harmless import Edit, Row, compiles, run_kinds, runs
from judging.mutants import Source
from judging.places import functions, is_docstring
from judging.refactorings import Function
from judging.rewriting import edited, stands_alone
from judging.subject import INFLECT, SQLPARSE, TABULATE, Subject, fetched


@dataclass(frozen=True)
class Pair:
    """Two releases; the old one is the subject."""

    old: Subject
    new: str


def _pair(subject: Subject, old: str, new: str) -> Pair:
    package = subject.package
    return Pair(replace(subject, requirement=f"{package}=={old}"), f"{package}=={new}")


HUMANIZE = Subject("humanize", "humanize==4.9.0")
SEMVER = Subject("semver", "semver==3.0.2")
PAIRS = (
    _pair(SQLPARSE, "0.5.3", "0.6.0"),
    _pair(SQLPARSE, "0.5.0", "0.5.3"),
    _pair(INFLECT, "5.6.1", "5.6.2"),
    _pair(INFLECT, "5.4.0", "5.6.0"),
    _pair(TABULATE, "0.9.0", "0.10.0"),
    _pair(HUMANIZE, "4.1.0", "4.9.0"),
    _pair(SEMVER, "3.0.0", "3.0.4"),
)


def run(benches: Benches, pair: Pair, store: Path, most: int, note: Callable[[Row], None]) -> list[Row]:
    """Judge at most `most` cases of each kind of one pair."""
    found = [*edits(benches.base, pair, store)]
    kinds = {kind: [one for one in found if one.kind == kind] for kind in dict.fromkeys(one.kind for one in found)}
    return run_kinds(benches, kinds, most, note)


def edits(base: Base, pair: Pair, store: Path) -> Iterator[Edit]:
    """What might be harmless; the oracle decides."""
    new = sources(fetched(pair.new, store), pair.old.package)
    old = base.sources
    changed = {file: content for file, content in new.items() if content != old.get(file)}
    if any(_differs(content, old.get(file, b"")) for file, content in changed.items()):
        yield Edit("a whole release", f"{pair.old.name} to {pair.new}", changed)
    for file in sorted(set(old) & set(new)):
        yield from transplants(base, pair, file, new[file])


def sources(folder: Path, package: str) -> dict[str, bytes]:
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in sorted((folder / package).rglob("*.py"))}


def _differs(new: bytes, old: bytes) -> bool:
    return ast.dump(ast.parse(new)) != ast.dump(ast.parse(old))


def transplants(base: Base, pair: Pair, file: str, new: bytes) -> Iterator[Edit]:
    """Single functions of the new file in the old one."""
    before, after = Source(file, base.sources[file]), Source(file, new)
    theirs = dict(functions(after.tree))
    for name, function in functions(before.tree):
        other = theirs.get(name)
        if not runs(base, file, function) or other is None or "<locals>" in name or logic(function) == logic(other):
            continue
        if function.col_offset == other.col_offset and stands_alone(before, [function]):
            content = edited(before, [(before.begin(function), before.end(function), after.text(other))])
            if compiles(content):
                yield Edit("a function of the next release", f"{pair.new} {file} {name}", {file: content})


def logic(function: Function) -> str:
    """A function without docstring and annotations."""
    body = function.body[1:] if is_docstring(function.body[0]) else function.body
    plain = [Plain().visit(ast.parse(ast.unparse(one))) for one in body]
    return "\n".join(map(ast.dump, plain))


class Plain(ast.NodeTransformer):
    """Takes annotations away."""

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        return None if node.value is None else ast.Assign([node.target], node.value, lineno=node.lineno)
