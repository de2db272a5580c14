"""Branch distance: how far an input stays from the changed lines of a function.

Above a changed line stand decisions: the tests of the `if`, the loops, the handlers that it lies in. The fewer of them
an input decides the other way, the nearer it is: the approach level of search-based testing (Wegener, Baresel and
Sthamer, "Evolutionary test environment for automatic structural testing", 2001), as in directed fuzzing (Böhme et al.,
"Directed Greybox Fuzzing", 2017), where the distance is one in the graph of calls.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from ....recorders.model.branches import Arm, Branch, FunctionName
from ....recorders.model.full_names import split_name
from ....recorders.tracing.branch_table import BranchTable
from ...change.versions import Versions
from .constants import Constant, constants_in
from .relevance import names_in
from .syntax_trees import changed_lines, definitions, parsed

Taken: TypeAlias = tuple[Branch, str]
"""A decision, and one of its outcomes."""

Step: TypeAlias = frozenset[Taken]
"""Any one of these leads on."""

Chain: TypeAlias = tuple[Step, ...]
"""What leads to a changed line, outermost first; in no particular order within one test."""


class Missing(NamedTuple):
    """What the decisions deal with that keep an input from coming nearer to changed lines."""

    names: frozenset[str] = frozenset()
    constants: tuple[Constant, ...] = ()


class BranchDistance(NamedTuple):
    """What leads to the changed lines, in each version."""

    base: tuple[Chain, ...]
    candidate: tuple[Chain, ...]

    def of(self, base: Iterable[Arm], candidate: Iterable[Arm]) -> float:
        """The distance of a run of both sides: for each changed line the share of decisions that were not taken its
        way, 0 where all were."""
        return _distance(self.base, _taken(base)) + _distance(self.candidate, _taken(candidate))

    def missing(self, base: Iterable[Arm], candidate: Iterable[Arm]) -> Missing:
        """What the first decisions deal with that a run did not take towards a changed line."""
        old, new = _taken(base), _taken(candidate)
        first = [_first_missing(chain, old) for chain in self.base]
        first += [_first_missing(chain, new) for chain in self.candidate]
        conditions = sorted({branch.condition for step in first for branch, _outcome in step})
        about = list(map(_mentioned, conditions))
        return Missing(
            frozenset(name for mentioned in about for name in mentioned.names),
            tuple(dict.fromkeys(constant for mentioned in about for constant in mentioned.constants)),
        )


_NONE: Step = frozenset()


def _taken(arms: Iterable[Arm]) -> set[Taken]:
    return {(arm.branch, arm.taken) for arm in arms}


def _distance(chains: Sequence[Chain], taken: set[Taken]) -> float:
    return sum(sum(step.isdisjoint(taken) for step in chain) / len(chain) for chain in chains)


def _first_missing(chain: Chain, taken: set[Taken]) -> Step:
    return next((step for step in chain if step.isdisjoint(taken)), _NONE)


@lru_cache(maxsize=1024)
def _mentioned(condition: str) -> Missing:
    """What stands in a condition as a branch describes it: an expression, or the head of a loop, a case or a
    handler."""
    for lead in ("for ", "case ", "except "):
        condition = condition.removeprefix(lead)
    try:
        tree = ast.parse(condition, mode="eval")
    except SyntaxError:
        return Missing()  # a pattern that is no expression: nothing to aim at
    return Missing(frozenset(names_in(tree)), tuple(constants_in(tree)))


def branch_distance_of(versions: Versions, functions: Iterable[FunctionName]) -> BranchDistance:
    """What leads to the changed lines of some functions; lines that are always reached are left out."""
    base: list[Chain] = []
    candidate: list[Chain] = []
    for function in functions:
        module, name = split_name(function)
        old, new = versions.old.get(module, ""), versions.new.get(module, "")
        base += _chains(module, old, name, changed_lines(old, new))
        candidate += _chains(module, new, name, changed_lines(new, old))
    return BranchDistance(tuple(dict.fromkeys(base)), tuple(dict.fromkeys(candidate)))


def _chains(module: str, source: str, name: str, lines: frozenset[int]) -> Iterator[Chain]:
    tree = parsed(source)
    if tree is None or not lines:
        return
    node = definitions(tree).get(name)
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        yield from _Leading(_table(module, source), lines).to(node.body, ())


@lru_cache(maxsize=256)
def _table(module: str, source: str) -> BranchTable:
    return BranchTable(module, source)


class _Leading:
    """Follows the blocks of a function down to changed lines."""

    def __init__(self, table: BranchTable, lines: frozenset[int]) -> None:
        self._table = table
        self._lines = lines

    def to(self, body: Iterable[ast.stmt], above: Chain) -> Iterator[Chain]:
        """The chains to changed lines of a block, reached by what stands above; what leaves the block before them must
        not."""
        for node in body:
            blocks = list(self._blocks(node))
            inside = {line for _steps, block in blocks for statement in block for line in _lines_of(statement)}
            if above and self._lines & (set(_lines_of(node)) - inside):
                yield above
            for steps, block in blocks:
                yield from self.to(block, (*above, *steps))
            if isinstance(node, ast.If) and not node.orelse and isinstance(node.body[-1], _LEAVING):
                above = (*above, *self._wanted(node.test, wanted=False))

    def _blocks(self, node: ast.stmt) -> Iterator[tuple[Chain, list[ast.stmt]]]:
        """The blocks of a statement, each with what leads into it."""
        match node:
            case ast.If(test=test, body=body, orelse=other) | ast.While(test=test, body=body, orelse=other):
                yield self._wanted(test, wanted=True), body
                yield self._wanted(test, wanted=False), other
            case ast.For(iter=iterated, body=body, orelse=other):
                yield self._decided(iterated, "entered"), body
                yield (), other
            case ast.With(body=body) | ast.FunctionDef(body=body):
                yield (), body
            case ast.Try(body=body, handlers=handlers, orelse=other, finalbody=final):
                yield from (((), block) for block in (body, other, final))
                for handler in handlers:
                    yield (self._decided(handler.type, "true") if handler.type is not None else ()), handler.body
            case ast.Match(cases=cases):
                for case in cases:
                    guard = self._wanted(case.guard, wanted=True) if case.guard is not None else ()
                    yield (*self._decided(case.pattern, "true"), *guard), case.body
            case _:
                pass

    def _wanted(self, test: ast.expr, *, wanted: bool) -> Chain:
        """What makes a test true, or false."""
        match test:
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return self._wanted(operand, wanted=not wanted)
            case ast.BoolOp(op=op, values=values):
                each = [self._wanted(value, wanted=wanted) for value in values]
                if isinstance(op, ast.And) == wanted:
                    return tuple(step for chain in each for step in chain)
                return (frozenset(taken for chain in each for step in chain for taken in step),)
            case _:
                return self._decided(test, "true" if wanted else "false")

    def _decided(self, node: ast.expr | ast.pattern, taken: str) -> Chain:
        branch = self._table.decided_at(node)
        return () if branch is None else (frozenset({(branch, taken)}),)


_LEAVING = (ast.Return, ast.Raise, ast.Continue, ast.Break)


def _lines_of(node: ast.stmt) -> range:
    return range(node.lineno, (node.end_lineno or node.lineno) + 1)
