"""Mutants: a source with one point of one function changed, and everything else as it was.

Lines stay where they are, so that a place in the mutant is the same place in the original.
"""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from judging.places import Spot, spots

Text = Callable[[ast.AST], bytes]
"""The source of a node."""
Edit = tuple[int, int, bytes]
"""Replace from the first to the second byte offset."""
Operator = Callable[["Source", Spot], Iterator[Edit]]

BOUNDARY: Mapping[type[ast.cmpop], tuple[str, str]] = {
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.Is: ("is", "is not"),
    ast.IsNot: (r"is\s+not", "is"),
    ast.In: ("in", "not in"),
    ast.NotIn: (r"not\s+in", "in"),
}
ARITHMETIC: Mapping[type[ast.operator], tuple[str, str]] = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "+"),
    ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "/"),
    ast.Mod: ("%", "*"),
}
WIDEST = ("Exception", "BaseException")
SIMPLE = (ast.Expr, ast.Assign, ast.AugAssign, ast.Raise, ast.Continue, ast.Break, ast.Delete)


@dataclass(frozen=True)
class Mutant:
    """One changed point."""

    operator: str
    file: str
    function: str
    first: int
    last: int
    """Lines of the statement that holds the point, without its body."""
    conditions: tuple[str, ...]
    """The decisions around the point, as they were and as they are."""
    source: bytes
    """The whole file, changed."""
    was: str
    now: str
    """The changed lines."""

    @property
    def diff(self) -> str:
        changed = [f"-{line}" for line in self.was.splitlines()] + [f"+{line}" for line in self.now.splitlines()]
        return "\n".join([f"{self.file}:{self.first} {self.function}  [{self.operator}]", *changed])


class Source:
    """One file: its bytes, and where its nodes are in them."""

    def __init__(self, file: str, content: bytes) -> None:
        self.file = file
        self.content = content
        self.tree = ast.parse(content)
        self._starts = [0]
        for line in content.split(b"\n"):
            self._starts.append(self._starts[-1] + len(line) + 1)

    def begin(self, node: ast.AST) -> int:
        """Where a node with a position begins, in bytes."""
        line, column = int(node.lineno), int(node.col_offset)  # type: ignore[attr-defined]  # of nodes with a position
        return self._starts[line - 1] + column

    def end(self, node: ast.AST) -> int:
        line, column = int(node.end_lineno), int(node.end_col_offset)  # type: ignore[attr-defined]  # likewise
        return self._starts[line - 1] + column

    def text(self, node: ast.AST) -> bytes:
        return self.content[self.begin(node) : self.end(node)]

    def lines(self, first: int, last: int, content: bytes) -> str:
        return b"\n".join(content.split(b"\n")[first - 1 : last]).decode()

    def between(self, left: ast.AST, right: ast.AST, pattern: str, new: str) -> Iterator[Edit]:
        """Replace the operator that stands between two operands."""
        begin, end = self.end(left), self.begin(right)
        found = re.search(pattern.encode(), self.content[begin:end])
        if found is not None:
            yield begin + found.start(), begin + found.end(), new.encode()

    def replaced(self, node: ast.AST, new: bytes) -> Edit:
        """Replace a node and keep the number of lines."""
        lost = self.text(node).count(b"\n") - new.count(b"\n")
        return self.begin(node), self.end(node), new + b"\n" * lost


def comparison(source: Source, spot: Spot) -> Iterator[Edit]:
    if isinstance(spot.node, ast.Compare) and len(spot.node.ops) == 1:
        pattern, new = BOUNDARY[type(spot.node.ops[0])]
        yield from source.between(spot.node.left, spot.node.comparators[0], pattern, new)


def constant(source: Source, spot: Spot) -> Iterator[Edit]:
    node = spot.node
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        for step in (1, -1):
            yield source.replaced(node, repr(node.value + step).encode())  # type: ignore[operator]  # a number


def arithmetic(source: Source, spot: Spot) -> Iterator[Edit]:
    node = spot.node
    if isinstance(node, ast.BinOp):
        left, right, mark = node.left, node.right, ""
    elif isinstance(node, ast.AugAssign):
        left, right, mark = node.target, node.value, "="
    else:
        return
    if type(node.op) in ARITHMETIC and not (_is_text(left) or _is_text(right)):
        old, new = ARITHMETIC[type(node.op)]
        yield from source.between(left, right, re.escape(old + mark), new + mark)


def _is_text(node: ast.expr) -> bool:
    """Text is added too, and no other operator would do anything but raise."""
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str | bytes))


def condition(source: Source, spot: Spot) -> Iterator[Edit]:
    node = spot.node
    tests = [node.test] if isinstance(node, ast.If | ast.While | ast.IfExp) else []
    tests += node.ifs if isinstance(node, ast.comprehension) else []
    for test in tests:
        yield source.begin(test), source.end(test), b"not (" + source.text(test) + b")"


def deletion(source: Source, spot: Spot) -> Iterator[Edit]:
    node = spot.node
    if isinstance(node, SIMPLE) and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Yield)):
        yield source.replaced(node, b"pass")


def arguments(source: Source, spot: Spot) -> Iterator[Edit]:
    node = spot.node
    if not isinstance(node, ast.Call) or len(node.args) < 2:
        return
    first, second = node.args[:2]
    if isinstance(first, ast.Starred) or isinstance(second, ast.Starred) or source.text(first) == source.text(second):
        return
    middle = source.content[source.end(first) : source.begin(second)]
    yield source.begin(first), source.end(second), source.text(second) + middle + source.text(first)


def nothing_returned(source: Source, spot: Spot) -> Iterator[Edit]:
    node = spot.node
    if isinstance(node, ast.Return) and node.value is not None and ast.unparse(node.value) != "None":
        yield source.replaced(node, b"return None")


def widened(source: Source, spot: Spot) -> Iterator[Edit]:
    node = spot.node
    if isinstance(node, ast.ExceptHandler) and node.type is not None and ast.unparse(node.type) not in WIDEST:
        inside = b"\n" * source.text(node.type).count(b"\n")
        yield source.begin(node.type), source.end(node.type), b"(Exception" + inside + b")"


OPERATORS: Mapping[str, Operator] = {
    "comparison": comparison,
    "constant": constant,
    "arithmetic": arithmetic,
    "condition": condition,
    "deletion": deletion,
    "arguments": arguments,
    "return None": nothing_returned,
    "except": widened,
}


@dataclass(frozen=True)
class Point:
    """One point that may be changed, not yet tried."""

    operator: str
    source: Source
    spot: Spot
    edit: Edit


def points(file: str, content: bytes, executed: set[int], operators: Mapping[str, Operator] = OPERATORS) -> list[Point]:
    """All points of statements that were executed."""
    source = Source(file, content)
    found = [spot for spot in spots(source.tree) if executed.intersection(range(spot.first, spot.last + 1))]
    return [
        Point(name, source, spot, edit)
        for name, operator in operators.items()
        for spot in found
        for edit in operator(source, spot)
    ]


def choose(
    found: Sequence[Point], count: int, seed: str, operators: Mapping[str, Operator] = OPERATORS
) -> list[Mutant]:
    """`count` mutants, spread over operators, and within each over functions; the same for the same seed."""
    rng = random.Random(seed)
    queues = [_spread([one for one in found if one.operator == name], rng) for name in operators]
    made = (mutant for point in _in_turn(queues) if (mutant := _mutant(point)) is not None)
    return list(islice(made, count))


def _spread(found: list[Point], rng: random.Random) -> list[Point]:
    rng.shuffle(found)
    by_function: dict[tuple[str, str], list[Point]] = {}
    for one in found:
        by_function.setdefault((one.source.file, one.spot.function), []).append(one)
    return _in_turn(list(by_function.values()))


def _in_turn(queues: Sequence[Sequence[Point]]) -> list[Point]:
    """One of each, then the second of each, and so on."""
    longest = max(map(len, queues), default=0)
    return [queue[position] for position in range(longest) for queue in queues if position < len(queue)]


def _mutant(point: Point) -> Mutant | None:
    """`None` for what is no Python, or nothing else than it was."""
    source, spot, (begin, end, new) = point.source, point.spot, point.edit
    changed = source.content[:begin] + new + source.content[end:]
    try:
        tree = ast.parse(changed)
    except SyntaxError:
        return None
    if ast.dump(tree) == ast.dump(source.tree):
        return None
    was, now = (source.lines(spot.first, spot.last, content) for content in (source.content, changed))
    after = [one for one in spots(tree) if (one.function, one.first) == (spot.function, spot.first)]
    conditions = {*spot.conditions, *(text for one in after for text in one.conditions)}
    place = source.file, spot.function, spot.first, spot.last
    return Mutant(point.operator, *place, tuple(sorted(conditions)), changed, was, now)
