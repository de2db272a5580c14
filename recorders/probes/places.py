"""Places of probes: which code objects, and where in them, a place names.

Code is known by the objects that the interpreter runs, not by files: lines are those of what was loaded. A line inside
a statement that goes over several is run again when the statement comes back to it; only its first time is a hit.
"""

from __future__ import annotations

import ast
import dis
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import CodeType
from typing import Final, NamedTuple

from ..errors import ProbeRefused

NEAREST: Final = 5
NAMED: Final = 10
"""Functions that are named where one is not found."""


class Place(NamedTuple):
    """A place as it is written."""

    file: str
    """With `/`, empty where a module is named."""
    module: str
    line: int
    """0 where a function is named."""
    function: str

    def covers(self, file: str, module: str) -> bool:
        """Whether a loaded file may be meant."""
        if self.module:
            return module == self.module
        known = file.replace("\\", "/")
        return known == self.file or known.endswith("/" + self.file.removeprefix("./"))


class Target(NamedTuple):
    """Where in one code object a probe stands."""

    code: CodeType
    line: int
    at_start: bool
    """Where a frame of the code begins, and not at a line."""
    again: frozenset[int]
    """Offsets at which a statement comes back to its line."""


class Nowhere(NamedTuple):
    """Why a place is none."""

    reason: str
    lines: tuple[int, ...] = ()
    """The nearest lines that have code."""


def parse_place(text: str) -> Place:
    """Raises `ProbeRefused`."""
    head, colon, tail = text.strip().rpartition(":")
    if not colon or not head or not tail:
        raise ProbeRefused(f"{text!r} is no place: write FILE:LINE, FILE:FUNCTION or MODULE:FUNCTION")
    head = head.replace("\\", "/")
    is_file = "/" in head or head.endswith(".py")
    if tail.isdecimal() and is_file and 0 < int(tail) < 10**7:
        return Place(head, "", int(tail), "")
    if tail.replace(".", "").isidentifier():
        return Place(head, "", 0, tail) if is_file else Place("", head, 0, tail)
    raise ProbeRefused(f"{text!r} is no place: {tail!r} is neither a line of a file nor a function")


def lines_of(code: CodeType) -> frozenset[int]:
    """The lines of a code object at which something runs, without that of the `def` itself where it has others."""
    found = {line for start, _end, line in code.co_lines() if line is not None and start > 0}
    begin = {line for start, _end, line in code.co_lines() if line is not None and start == 0}
    return frozenset(found or begin)


def find(place: Place, codes: Sequence[CodeType], source: str) -> list[Target] | Nowhere:
    """The places in the code of one file; several only where it was loaded several times."""
    functions = [code for code in codes if not _is_body(code)]
    if place.function:
        return _by_name(place.function, functions)
    return _by_line(place.line, functions, source)


def _is_body(code: CodeType) -> bool:
    """Whether code is that of a module or a class, which runs when it is imported."""
    return not code.co_flags & 1  # CO_OPTIMIZED


def plain_name(code: CodeType) -> str:
    """The name of a function with those around it: `make.inner`."""
    return code.co_qualname.replace(".<locals>", "")


def _by_name(name: str, functions: list[CodeType]) -> list[Target] | Nowhere:
    fitting = [code for code in functions if plain_name(code) == name]
    fitting = fitting or [code for code in functions if plain_name(code).endswith("." + name)]
    names = {plain_name(code) for code in fitting}
    if len(names) > 1:
        return Nowhere(f"{name} may be {' or '.join(sorted(names))}")
    if not fitting:
        known = sorted({plain_name(code) for code in functions if "<" not in plain_name(code)})
        near = sorted(known, key=lambda one: -len(set(one.lower()) & set(name.lower())))[:NAMED]
        return Nowhere(f"there is no function {name} in it; there are {', '.join(near) or 'none'}")
    return [Target(code, code.co_firstlineno, True, frozenset()) for code in fitting]


def _by_line(line: int, functions: list[CodeType], source: str) -> list[Target] | Nowhere:
    text = source.splitlines(keepends=True)
    named = [code for code in functions if not code.co_name.startswith("<")]
    for code in sorted(named, key=lambda one: -one.co_firstlineno):
        if code.co_firstlineno <= line <= _last_of_head(code, text):
            return [Target(one, line, True, frozenset()) for one in _copies(code, functions)]
    holders = [code for code in functions if line in lines_of(code)]
    if not holders:
        return _nowhere(line, functions)
    code = min(holders, key=lambda one: (one.co_name.startswith("<"), one.co_firstlineno, -len(one.co_code)))
    if line == code.co_firstlineno:  # a lambda, or a function on one line: LINE events may be missing (cpython#155992)
        return [Target(one, line, True, frozenset()) for one in _copies(code, functions)]
    again = _again(code, line, text)
    return [Target(one, line, False, again) for one in _copies(code, functions)]


def _copies(code: CodeType, functions: Iterable[CodeType]) -> list[CodeType]:
    """The code, and what is the same code of the same file, loaded another time."""
    return [
        one
        for one in functions
        if one is code
        or (one.co_qualname, one.co_firstlineno, one.co_code) == (code.co_qualname, code.co_firstlineno, code.co_code)
    ]


def _nowhere(line: int, functions: list[CodeType]) -> Nowhere:
    valid = sorted({one for code in functions for one in lines_of(code)})
    nearest = tuple(sorted(sorted(valid, key=lambda one: abs(one - line))[:NEAREST]))
    words = f"the nearest that have are {', '.join(map(str, nearest))}" if nearest else "none of its lines can be used"
    return Nowhere(f"line {line} has no code of a function; {words}", nearest)


# --- statements -----------------------------------------------------------------------------------------------------


def _piece(code: CodeType, text: Sequence[str]) -> ast.AST | None:
    """The syntax tree of one function, with the lines of the file; the whole file would take too long to parse."""
    last = max((end or 0 for _line, end, _from, _to in code.co_positions()), default=0)
    if not last or last > len(text):
        return None
    piece = textwrap.dedent("".join(text[code.co_firstlineno - 1 : last]))
    try:
        tree = ast.parse(piece)
    except (SyntaxError, ValueError, RecursionError):
        return None
    ast.increment_lineno(tree, code.co_firstlineno - 1)
    return tree.body[0] if tree.body else None


def _last_of_head(code: CodeType, text: Sequence[str]) -> int:
    """The last line of decorators, `def`, and parameters; the first line where the source is not known."""
    if not any(text[code.co_firstlineno - 1 : code.co_firstlineno]):
        return code.co_firstlineno
    first = min(lines_of(code), default=code.co_firstlineno)
    if first == code.co_firstlineno:
        return first
    tree = _piece(code, text)
    if not isinstance(tree, ast.FunctionDef | ast.AsyncFunctionDef):
        return code.co_firstlineno
    return max(tree.lineno, min(first, tree.body[0].lineno) - 1)


def _again(code: CodeType, line: int, text: Sequence[str]) -> frozenset[int]:
    """Offsets where the line goes on in the middle of a statement that began on it."""
    tree = _piece(code, text)
    if tree is None:
        return frozenset()
    last = max((end for first, end in _spans(tree) if first == line), default=line)
    if last == line:
        return frozenset()
    found, before = set(), 0
    for offset, at in _starts(code):
        if at == line and line < before <= last:
            found.add(offset)
        before = at
    return frozenset(found)


def _starts(code: CodeType) -> Iterator[tuple[int, int]]:
    """(offset, line) where the line changes, in the order of the code."""
    for offset, line in dis.findlinestarts(code):
        if line is not None:
            yield offset, line


def _spans(tree: ast.AST) -> Iterator[tuple[int, int]]:
    """First and last line of each statement, of compound ones of the part before their bodies."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.stmt):
            continue
        inner = [part for part in ast.iter_child_nodes(node) if isinstance(part, ast.stmt | ast.excepthandler)]
        if inner:
            heads = [part for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr | ast.withitem)]
            ends = [getattr(part, "end_lineno", None) or _with_end(part) for part in heads]
            yield node.lineno, max([node.lineno, *ends])
        else:
            yield node.lineno, node.end_lineno or node.lineno


def _with_end(part: ast.AST) -> int:
    expressions = [node for node in ast.walk(part) if isinstance(node, ast.expr)]
    return max((node.end_lineno or 0 for node in expressions), default=0)


def matching(place: Place, modules: Mapping[str, str]) -> list[str]:
    """The loaded files that a place may mean: `modules` are file → module."""
    return sorted(file for file, module in modules.items() if place.covers(file, module))
