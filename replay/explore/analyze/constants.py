"""This file is about literals: the constants that two versions of a function compare and compute with.

Near a literal behaviour changes. Those of changed lines come first; those that stand beside a name (`total > 100`,
`order["tier"] == "gold"`, `get("days", 30)`) are known by it, so that they can be tried where such a value is given.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import NamedTuple, TypeAlias, TypeGuard

from ....recorders.model.branches import FunctionName
from ...change.versions import Versions
from .comparison_solver import Comparison, comparisons_of, most_telling
from .relevance import Hint, Relevance, defaults_of, names_in
from .syntax_trees import changed_lines, definitions, parsed

Literal: TypeAlias = int | float | str

TEXT_LIMIT = 200
"""Characters of a text that is tried."""

LOOKED_AT = 500
"""Literals of one name of a module that are looked at."""

HELD = 24
"""Literals of one name of a module."""

DEPTH = 2
"""How far functions of the same module are followed that a function calls by name."""


class Literals(NamedTuple):
    """What stands in the source, most telling first, each once."""

    changed: tuple[Literal, ...]
    """Of changed lines, in either version."""
    all: tuple[Literal, ...]
    beside: Mapping[str, tuple[Literal, ...]]
    """Name of a variable, parameter, attribute or key → literals that it is compared or computed with."""
    keys: tuple[str, ...]
    """Keys that are looked up in dictionaries."""
    members: tuple[str, ...]
    """Attributes that are taken of names that begin with a capital: members of enumerations."""
    tests_truth: bool
    """Whether the truth of some value decides, or a length: then empty and zero are edges."""
    tests_none: bool
    names: frozenset[str] = frozenset()
    """What changed lines mention, and what that is made of."""
    hints: frozenset[Hint] = frozenset()
    """What changed lines deal with."""
    kinds: frozenset[str] = frozenset()
    """Names of which it is asked what kind of value they hold."""
    held: Mapping[str, tuple[Literal, ...]] = {}
    """Name of the module → literals that it is made of."""
    comparisons: tuple[Comparison, ...] = ()
    """Those of changed lines first."""
    made_of: Mapping[str, frozenset[str]] = {}
    """Name → names that it is made of."""


def literals_of(versions: Versions, functions: Iterable[FunctionName]) -> Literals:
    """The literals of both versions of some functions, and of those of their modules that they call by name."""
    gathered = _Gathered()
    for function in functions:
        module, _, name = function.partition(":")
        lines = versions.changes[module].lines if module in versions.changes else frozenset()
        old, new = versions.old.get(module, ""), versions.new.get(module, "")
        gathered.look(new, name, lines)
        gathered.look(old, name, changed_lines(old, new))
    return gathered.result()


class _Gathered:
    def __init__(self) -> None:
        self._changed: dict[Literal, None] = {}
        self._all: dict[Literal, None] = {}
        self._beside: dict[str, dict[Literal, None]] = {}
        self._keys: dict[str, None] = {}
        self._members: dict[str, None] = {}
        self._held: dict[str, tuple[Literal, ...]] = {}
        self._of_changed: dict[Literal, None] = {}
        self._truth = self._none = False
        self._constants: dict[str, ast.AST] = {}
        self._assigned: dict[str, ast.expr] = {}
        """Names that the module sets, and what to."""
        self._parameters: dict[str, list[str]] = {}
        """Function of the module → its positional parameters."""
        self._relevance = Relevance()
        self._compared: list[tuple[bool, Comparison]] = []

    def look(self, source: str, name: str, changed: frozenset[int]) -> None:
        """At one version of a function, and what it leads to."""
        tree = parsed(source)
        if tree is None:
            return
        known = definitions(tree)
        self._parameters = {
            name.rpartition(".")[2]: [one.arg for one in (*node.args.posonlyargs, *node.args.args)][name.count(".") :]
            for name, node in known.items()
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        }
        self._constants = {name.rpartition(".")[2]: node for name, node in known.items() if _is_plain(node)}
        self._assigned = {name: node for name, node in known.items() if isinstance(node, ast.expr) and "." not in name}
        pending: list[tuple[ast.AST, int]] = [(known[name], 0)] if name in known else []
        seen: set[int] = set()
        while pending:
            node, depth = pending.pop(0)
            if id(node) in seen:
                continue
            seen.add(id(node))
            self._gather(node, changed)
            self._hold(node, changed, known)
            self._compared += comparisons_of(node, changed, self._assigned)
            if depth < DEPTH:
                owner = name.rpartition(".")[0]
                pending += [(known[one], depth + 1) for one in _leads_to(node, owner) if one in known]

    def _hold(self, tree: ast.AST, changed: frozenset[int], known: Mapping[str, ast.AST]) -> None:
        """Literals of what the module sets and this uses; those of what changed lines use come first."""
        nested = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node is not tree}
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and node.id in nested and node.lineno in changed:
                self._of_changed.update(dict.fromkeys(literals_in(nested[node.id])))
            if isinstance(node, ast.Name) and isinstance(known.get(node.id), ast.expr):
                if node.id not in self._held:
                    self._held[node.id] = tuple(_first(HELD, _inside(node.id, known)))
                if node.lineno in changed:
                    self._of_changed.update(dict.fromkeys(self._held[node.id]))

    def result(self) -> Literals:
        self._changed.update(self._of_changed)
        self._spread()
        return Literals(
            tuple(self._changed),
            (*self._changed, *(one for one in self._all if one not in self._changed)),
            {name: tuple(found) for name, found in self._beside.items()},
            tuple(self._keys),
            tuple(self._members),
            self._truth,
            self._none,
            self._relevance.names(),
            self._relevance.all_hints(),
            frozenset(self._relevance.kinds),
            self._held,
            most_telling(self._compared),
            {name: frozenset(sources) for name, sources in self._relevance.made_of.items()},
        )

    def _spread(self) -> None:
        """What stands beside a variable stands beside what the variable is made of."""
        for _round in range(2):
            for name, sources in self._relevance.made_of.items():
                for source in sources:
                    if name in self._beside and source != name:
                        self._beside.setdefault(source, {}).update(self._beside[name])

    def _gather(self, tree: ast.AST, changed: frozenset[int]) -> None:
        negated = {id(node.operand) for node in ast.walk(tree) if _is_negative(node)}
        docstrings = {id(text) for text in _docstrings(tree)}
        for node in ast.walk(tree):
            if (isinstance(node, ast.Constant) and id(node) not in {*docstrings, *negated}) or _is_negative(node):
                self._constant(node, changed)
            self._association(node)
            self._test(node)
            self._relevance.see(node, changed, self._parameters)

    def _constant(self, node: ast.expr, changed: frozenset[int]) -> None:
        for value in _values(node):
            self._all[value] = None
            if node.lineno in changed:
                self._changed[value] = None

    def _association(self, node: ast.AST) -> None:
        match node:
            case ast.Compare(left=left, comparators=others):
                sides = [left, *others]
                self._near({name for one in sides for name in names_in(one)}, sides)
            case ast.BinOp(left=left, right=right) if any(map(self._may_be_plain, (left, right))):
                self._near({*names_in(left), *names_in(right)}, [left, right])
            case ast.BoolOp(values=values):
                self._near(
                    {name for one in values for name in names_in(one)}, [one for one in values if _is_plain(one)]
                )
            case ast.Call(func=ast.Attribute(value=owner, attr=method), args=[ast.Constant(value=str() as key), *more]):
                if method in ("get", "pop", "setdefault"):
                    self._keys[key] = None
                    self._near({key}, more)
                else:
                    self._near(names_in(owner), node.args)
            case ast.Call(func=ast.Name(id="min" | "max" | "round"), args=parts):
                self._near({name for one in parts for name in names_in(one)}, parts)
            case ast.Subscript(slice=ast.Constant(value=str() as key)):
                self._keys[key] = None
            case ast.Subscript(value=ast.Name(id=home), slice=index) if home in self._constants:
                self._near(names_in(index), [self._constants[home]])
            case ast.Attribute(value=ast.Name(id=home), attr=attribute) if home[:1].isupper():
                self._members[attribute] = None
            case ast.FunctionDef(args=given):
                for parameter, value in defaults_of(given):
                    self._near({parameter}, [value])
            case ast.Match(subject=subject, cases=cases):
                patterns = [part for one in cases for part in ast.walk(one.pattern)]
                self._near(names_in(subject), [part.value for part in patterns if isinstance(part, ast.MatchValue)])
            case _:
                pass

    def _may_be_plain(self, node: ast.expr) -> bool:
        return _is_plain(node) or isinstance(node, ast.Call) or _last_name(node) in self._constants

    def _near(self, names: Iterable[str], parts: Iterable[ast.AST]) -> None:
        whole = [self._constants.get(_last_name(part), part) for part in parts]
        values = [value for part in whole for one in _plain_parts(part) for value in _values(one)]
        for name in names:
            if values:
                self._beside.setdefault(name, {}).update(dict.fromkeys(values))

    def _test(self, node: ast.AST) -> None:
        tests: list[ast.expr] = []
        match node:
            case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test) | ast.Assert(test=test):
                tests = [test]
            case ast.BoolOp(values=values):
                tests = values
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                tests = [operand]
            case ast.comprehension(ifs=ifs):
                tests = ifs
            case ast.Compare(comparators=[ast.Constant(value=None), *_]):
                self._none = True
            case ast.Call(func=ast.Name(id="len" | "any" | "all" | "sum" | "min" | "max" | "bool")):
                self._truth = True
            case _:
                pass
        plain = (ast.Name, ast.Attribute, ast.Subscript, ast.Call, ast.NamedExpr)
        self._truth = self._truth or any(isinstance(test, plain) for test in tests)


def _first(count: int, values: Iterable[Literal]) -> dict[Literal, None]:
    """So many, each once; no more are looked at."""
    found: dict[Literal, None] = {}
    for value in islice(values, LOOKED_AT):
        found[value] = None
        if len(found) >= count:
            break
    return found


def literals_in(tree: ast.AST) -> Iterator[Literal]:
    """Those of an expression, outermost first."""
    negated: set[int] = set()
    for part in ast.walk(tree):  # what is above comes before what is below
        if _is_negative(part):
            negated.add(id(part.operand))
        if id(part) not in negated:
            yield from _values(part)


def _inside(name: str, known: Mapping[str, ast.AST]) -> Iterator[Literal]:
    """Literals of what the module sets a name to, and of what that is made of."""
    pending, seen = [(name, 0)], {name}
    while pending:
        one, depth = pending.pop(0)
        node = known[one]
        yield from literals_in(node)
        for part in ast.walk(node) if depth < DEPTH else ():
            if isinstance(part, ast.Name) and part.id not in seen and isinstance(known.get(part.id), ast.expr):
                seen.add(part.id)
                pending.append((part.id, depth + 1))


def _leads_to(node: ast.AST, owner: str) -> Iterator[str]:
    """Names in the module, and of the same class, that a definition mentions."""
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            yield part.id
            if owner:
                yield f"{owner}.{part.id}"
        elif isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name):
            home = owner if part.value.id in ("self", "cls") else part.value.id
            yield f"{home}.{part.attr}"


def _docstrings(tree: ast.AST) -> Iterator[ast.Constant]:
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(body=[ast.Expr(value=ast.Constant() as text), *_]):
                yield text
            case ast.Expr(value=ast.Constant() as text):
                yield text
            case _:
                pass


def _is_negative(node: ast.AST) -> TypeGuard[ast.UnaryOp]:
    return isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant)


def _values(node: ast.AST) -> Iterator[Literal]:
    """The number or text that a constant stands for; of a text that reads as a number, the number too."""
    if _is_negative(node):
        yield from (-value for value in _values(node.operand) if not isinstance(value, str))
        return
    if not isinstance(node, ast.Constant):
        return
    value = node.value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        yield value
    elif isinstance(value, str) and len(value) <= TEXT_LIMIT:
        yield value
        number = number_in(value)
        if number is not None:
            yield number


def number_in(text: str) -> int | float | None:
    """The number that a text spells, or `None`."""
    stripped = text.strip()
    if not stripped or len(stripped) > 20 or not stripped.isascii():
        return None
    try:
        return int(stripped) if stripped.lstrip("+-").isdigit() else float(stripped)
    except ValueError:
        return None


def _is_plain(node: ast.AST) -> bool:
    return isinstance(node, (ast.Constant, ast.Tuple, ast.List, ast.Set, ast.Dict, ast.UnaryOp))


def _last_name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _plain_parts(node: ast.AST) -> Iterator[ast.AST]:
    if _is_plain(node):
        negative = [part for part in ast.walk(node) if _is_negative(part)]
        inside = {id(part.operand) for part in negative}
        yield from negative
        yield from (part for part in ast.walk(node) if isinstance(part, ast.Constant) and id(part) not in inside)
    elif isinstance(node, ast.Call):
        yield from (part for one in node.args for part in _plain_parts(one))


__all__ = ["Literal", "Literals", "literals_in", "literals_of", "number_in"]
