"""Blind spots: changed lines and arms of the candidate that no replay reached."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterable, Iterator
from functools import lru_cache

import msgspec

from ...recorders.code_flags import nested_codes
from ...recorders.model.branches import Arm, Branch
from ...recorders.tracing.branch_table import BranchTable
from ..change.versions import Versions
from ..execute.extension import compile_plain
from ..execute.plan import Loaded
from ..execute.reach import executable_lines
from ..model.job import Observed

ArmName = tuple[str, str, int, str]


class BlindSpot(msgspec.Struct, frozen=True):
    """A changed line, or an arm of a changed decision, that no replay reached."""

    file: str
    """Relative to the project's root where it lies inside."""
    line: int
    source: str
    arm: str = ""
    """Of a decision that was reached: the arm that none took, as `total > 10_000 is true`; empty for a line."""


class ChangedFile(msgspec.Struct, frozen=True):
    """What of a file of the candidate changed."""

    shown: str
    """How the file is named to people."""
    lines: dict[int, str]
    """Changed lines that hold code of functions → their text."""
    arms: list[tuple[Branch, str]]
    """The arms of decisions on changed lines."""


class Reach(msgspec.Struct):
    """What replays of the candidate reached of the change; travels between processes as JSON."""

    changed: dict[str, ChangedFile] = {}
    """file → what of it changed."""
    lines: dict[str, set[int]] = {}
    """file → lines that ran."""
    arms: set[ArmName] = set()
    by_trace: dict[str, dict[str, list[int]]] = {}
    """trace → file → lines; only where every line is noted."""
    files: list[str] = []
    """Files of the included modules, where every line is noted."""
    unavailable: str = ""
    """Why nothing could be watched, or empty."""

    def saw(self, observed: Observed) -> None:
        """Take in what a replay of the candidate ran."""
        for file, lines in observed.lines.items():
            self.lines.setdefault(file, set()).update(lines)
        if observed.lines:
            known = self.by_trace.setdefault(observed.trace, {})
            for file, lines in observed.lines.items():
                known[file] = sorted({*known.get(file, []), *lines})
        self.arms.update(arm.identity for arm in observed.arms)

    @property
    def decisions(self) -> bool:
        """Whether decisions stand on changed lines: then arms are worth tracing."""
        return any(changed_file.arms for changed_file in self.changed.values())

    def interesting(self) -> dict[str, list[int]]:
        """file → changed lines, to be watched."""
        return {file: sorted(changed_file.lines) for file, changed_file in self.changed.items() if changed_file.lines}

    def add(self, other: Reach) -> None:
        """Take in what another process reached."""
        self.changed.update(other.changed)
        for file, lines in other.lines.items():
            self.lines.setdefault(file, set()).update(lines)
        self.arms.update(other.arms)
        self.by_trace.update(other.by_trace)
        self.files = sorted({*self.files, *other.files})
        self.unavailable = self.unavailable or other.unavailable

    def changed_lines(self) -> tuple[int, int]:
        """(reached, all) changed lines."""
        every = [(file, line) for file, changed_file in self.changed.items() for line in changed_file.lines]
        return sum(line in self.lines.get(file, ()) for file, line in every), len(every)

    def blind_spots(self) -> list[BlindSpot]:
        """By file and line."""
        found = [spot for file, changed_file in self.changed.items() for spot in self._of(file, changed_file)]
        return sorted(found, key=lambda spot: (spot.file, spot.line, spot.arm))

    def _of(self, file: str, changed: ChangedFile) -> Iterator[BlindSpot]:
        ran = self.lines.get(file, set())
        for line, text in changed.lines.items():
            if line not in ran:
                yield BlindSpot(changed.shown, line, text)
        reached = {arm[:3] for arm in self.arms}
        for branch, taken in changed.arms:
            arm = Arm(branch, taken)
            if branch.identity in reached and arm.identity not in self.arms:
                yield BlindSpot(changed.shown, branch.line, changed.lines.get(branch.line, ""), arm.words())


def encode_reach(reach: Reach) -> str:
    """As JSON."""
    return msgspec.json.encode(reach).decode()


def decode_reach(text: str) -> Reach:
    """From JSON."""
    return msgspec.json.decode(text, type=Reach)


def changed_files(loaded: Loaded, versions: Versions, root: str) -> dict[str, ChangedFile]:
    """What of the candidate changed, by file."""
    found = {}
    for file, module in sorted(loaded.files.items()):
        change = versions.changes.get(module)
        if change is None or not change.lines:
            continue
        text = loaded.sources.get(module, "")
        source = text.splitlines()
        shown = os.path.relpath(file, root) if file.startswith(root + os.sep) else file
        lines = sorted(_watched(change.lines, _executable(text, module, file), text))
        named = {line: source[line - 1].strip() if line <= len(source) else "" for line in lines}
        found[file] = ChangedFile(shown, named, list(_arms(module, text, named)))
    return found


def _watched(changed: Iterable[int], executable: set[int], text: str) -> set[int]:
    """The lines that run what changed: of a part without a line of its own, as a text or an item of a tuple of
    constants, the line of its statement before it."""
    found = set(changed) & executable
    statements = _statement_lines(text)
    for line in sorted(set(changed) - executable):
        statement = statements.get(line, range(0))
        inside = [known for known in statement if known in executable]
        if inside and found.isdisjoint(statement):
            found.add(max((known for known in inside if known < line), default=inside[0]))
    return found


@lru_cache(maxsize=8)
def _statement_lines(text: str) -> dict[int, range]:
    """Line → the lines of the statement on it; of a compound one, those of its head."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return {}
    statements = (node for node in ast.walk(tree) if isinstance(node, ast.stmt))
    heads = [range(node.lineno, _last_line(node) + 1) for node in statements]
    return {line: head for head in heads for line in head}


def _last_line(node: ast.stmt) -> int:
    body = getattr(node, "body", None) or getattr(node, "cases", None)
    if not body:
        return node.end_lineno or node.lineno
    first = getattr(body[0], "lineno", None) or body[0].pattern.lineno
    return max(node.lineno, int(first) - 1)


def _executable(text: str, module: str, file: str) -> set[int]:
    try:
        code = compile_plain(text, module, file)
    except SyntaxError:
        return set()
    return executable_lines(list(nested_codes(code))).get(file, set())


def _arms(module: str, text: str, lines: Iterable[int]) -> Iterator[tuple[Branch, str]]:
    try:
        table = BranchTable(module, text)
    except SyntaxError:
        return
    wanted = set(lines)
    for branches in table.by_function.values():
        for branch in branches:
            if branch.line in wanted and not branch.condition.startswith("except"):
                taken = ("entered", "ended") if branch.condition.startswith("for ") else ("true", "false")
                yield from ((branch, arm) for arm in taken)
