"""The constant pool: constants that two versions of a function compare and compute with.

Near a constant behaviour changes. Those of changed lines come first; those that are associated with a name
(`total > 100`, `order["tier"] == "gold"`, `get("days", 30)`) are known by it, so that they can be tried where such a
value is given.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import NamedTuple

from ....recorders.model.branches import FunctionName
from ....recorders.model.full_names import split_name
from ...change.versions import Versions
from .comparison_solver import Comparison, comparisons_of, most_informative
from .constants import Constant, constants_in, is_negative, is_plain, plain_parts, values_of
from .relevance import Hint, Relevance, defaults_of, names_in
from .syntax_trees import changed_lines, definitions, parsed

EXAMINED_LIMIT = 500
"""Constants of one name of a module that are looked at: a table of ten thousand rows is to cost no more."""

OF_NAME_LIMIT = 24
"""Constants of one name of a module that are kept: with 200 inputs a target, more of one table would leave nothing for
anything else. Measured on the pairs of `benchmarks/explore.py`: two of 158 targets have as many."""

DEPTH = 2
"""How far functions of the same module are followed that a function calls by name. Further down, constants are seldom
about the inputs of the function itself."""

ROUNDS = 2
"""How many assignments back constants are handed on from a variable to what it is made of."""


class ConstantPool(NamedTuple):
    """What stands in the source, most informative first, each once."""

    changed: tuple[Constant, ...]
    """Of changed lines, in either version."""
    all: tuple[Constant, ...]
    associated: Mapping[str, tuple[Constant, ...]]
    """Name of a variable, parameter, attribute or key → constants that it is compared or computed with."""
    keys: tuple[str, ...]
    """Keys that are looked up in dictionaries."""
    members: tuple[str, ...]
    """Attributes that are taken of names that begin with a capital: members of enumerations."""
    tests_truth: bool
    """Whether the truth of some value decides, or a length: then empty and zero are edges."""
    names: frozenset[str] = frozenset()
    """What changed lines mention, and what that is made of."""
    hints: frozenset[Hint] = frozenset()
    """What changed lines deal with."""
    kinds: frozenset[str] = frozenset()
    """Names of which it is asked what kind of value they hold."""
    of_module: Mapping[str, tuple[Constant, ...]] = {}
    """Name of the module → constants that it is made of."""
    comparisons: tuple[Comparison, ...] = ()
    """Those of changed lines first."""
    made_of: Mapping[str, frozenset[str]] = {}
    """Name → names that it is made of."""


def constant_pool_of(versions: Versions, functions: Iterable[FunctionName]) -> ConstantPool:
    """The constants of both versions of some functions, and of those of their modules that they call by name."""
    gathered = _Gathered()
    for function in functions:
        module, name = split_name(function)
        lines = versions.changes[module].lines if module in versions.changes else frozenset()
        old, new = versions.old.get(module, ""), versions.new.get(module, "")
        gathered.look(new, name, lines)
        gathered.look(old, name, changed_lines(old, new))
    return gathered.result()


class _Module(NamedTuple):
    """One version of a module."""

    known: Mapping[str, ast.AST]
    """Qualified name → definition."""
    plain: Mapping[str, ast.AST]
    """Last name → the constant, or the display of some, that it is set to."""
    assigned: Mapping[str, ast.expr]
    """Names that the module sets, and what to."""
    parameters: Mapping[str, list[str]]
    """Function → its positional parameters."""


def _module(tree: ast.Module) -> _Module:
    known = definitions(tree)
    return _Module(
        known,
        {name.rpartition(".")[2]: node for name, node in known.items() if is_plain(node)},
        {name: node for name, node in known.items() if isinstance(node, ast.expr) and "." not in name},
        {
            name.rpartition(".")[2]: _positional(node)[name.count(".") :]
            for name, node in known.items()
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        },
    )


def _positional(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    return [parameter.arg for parameter in (*node.args.posonlyargs, *node.args.args)]


class _Gathered:
    """What was gathered so far."""

    def __init__(self) -> None:
        self._changed: dict[Constant, None] = {}
        self._all: dict[Constant, None] = {}
        self._associated: dict[str, dict[Constant, None]] = {}
        self._keys: dict[str, None] = {}
        self._members: dict[str, None] = {}
        self._of_module: dict[str, tuple[Constant, ...]] = {}
        self._used_by_changed: dict[Constant, None] = {}
        """Constants of what changed lines use by name."""
        self._tests_truth = False
        self._relevance = Relevance()
        self._compared: list[tuple[bool, Comparison]] = []

    def look(self, source: str, name: str, changed: frozenset[int]) -> None:
        """At one version of a function, and what it leads to."""
        tree = parsed(source)
        if tree is None:
            return
        module = _module(tree)
        owner = name.rpartition(".")[0]
        pending: list[tuple[ast.AST, int]] = [(module.known[name], 0)] if name in module.known else []
        seen: set[int] = set()
        while pending:
            node, depth = pending.pop(0)
            if id(node) in seen:
                continue
            seen.add(id(node))
            self._gather(node, changed, module)
            self._follow(node, changed, module.known)
            self._compared += comparisons_of(node, changed, module.assigned)
            if depth < DEPTH:
                called = (name for name in _leads_to(node, owner) if name in module.known)
                pending += [(module.known[name], depth + 1) for name in called]

    def _follow(self, tree: ast.AST, changed: frozenset[int], known: Mapping[str, ast.AST]) -> None:
        """Constants of what the module sets and this uses; those of what changed lines use come first."""
        nested = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node is not tree}
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and node.id in nested and node.lineno in changed:
                self._used_by_changed.update(dict.fromkeys(constants_in(nested[node.id])))
            if isinstance(node, ast.Name) and isinstance(known.get(node.id), ast.expr):
                if node.id not in self._of_module:
                    self._of_module[node.id] = tuple(_first(OF_NAME_LIMIT, _of_name(node.id, known)))
                if node.lineno in changed:
                    self._used_by_changed.update(dict.fromkeys(self._of_module[node.id]))

    def result(self) -> ConstantPool:
        """All of it."""
        self._changed.update(self._used_by_changed)
        self._hand_on()
        return ConstantPool(
            tuple(self._changed),
            (*self._changed, *(constant for constant in self._all if constant not in self._changed)),
            {name: tuple(found) for name, found in self._associated.items()},
            tuple(self._keys),
            tuple(self._members),
            self._tests_truth,
            self._relevance.names(),
            self._relevance.all_hints(),
            frozenset(self._relevance.kinds),
            self._of_module,
            most_informative(self._compared),
            {name: frozenset(sources) for name, sources in self._relevance.made_of.items()},
        )

    def _hand_on(self) -> None:
        """What is associated with a variable is associated with what the variable is made of."""
        for _round in range(ROUNDS):
            for name, sources in self._relevance.made_of.items():
                for source in sources:
                    if name in self._associated and source != name:
                        self._associated.setdefault(source, {}).update(self._associated[name])

    def _gather(self, tree: ast.AST, changed: frozenset[int], module: _Module) -> None:
        negated = {id(node.operand) for node in ast.walk(tree) if is_negative(node)}
        docstrings = {id(text) for text in _docstrings(tree)}
        for node in ast.walk(tree):
            if (isinstance(node, ast.Constant) and id(node) not in {*docstrings, *negated}) or is_negative(node):
                self._add(node, changed)
            self._look_up(node)
            for names, parts in _associations(node, module.plain):
                self._associate(names, parts, module.plain)
            self._tests_truth = self._tests_truth or _tests_truth(node)
            self._relevance.see(node, changed, module.parameters)

    def _add(self, node: ast.expr, changed: frozenset[int]) -> None:
        for value in values_of(node):
            self._all[value] = None
            if node.lineno in changed:
                self._changed[value] = None

    def _look_up(self, node: ast.AST) -> None:
        match node:
            case ast.Call(
                func=ast.Attribute(attr="get" | "pop" | "setdefault"), args=[ast.Constant(value=str() as key), *_]
            ):
                self._keys[key] = None
            case ast.Subscript(slice=ast.Constant(value=str() as key)):
                self._keys[key] = None
            case ast.Attribute(value=ast.Name(id=home), attr=attribute) if home[:1].isupper():
                self._members[attribute] = None
            case _:
                pass

    def _associate(self, names: Iterable[str], parts: Iterable[ast.AST], plain: Mapping[str, ast.AST]) -> None:
        whole = [plain.get(_last_name(part), part) for part in parts]
        values = [value for part in whole for constant in plain_parts(part) for value in values_of(constant)]
        for name in names:
            if values:
                self._associated.setdefault(name, {}).update(dict.fromkeys(values))


_Association = tuple[Iterable[str], Iterable[ast.AST]]
"""Names, and what may be constants that they are compared or computed with."""


def _associations(node: ast.AST, plain: Mapping[str, ast.AST]) -> Iterator[_Association]:
    match node:
        case ast.Compare(left=left, comparators=others):
            yield _names_in([left, *others]), [left, *others]
        case ast.BinOp(left=left, right=right) if any(_may_be_plain(side, plain) for side in (left, right)):
            yield _names_in([left, right]), [left, right]
        case ast.BoolOp(values=values):
            yield _names_in(values), filter(is_plain, values)
        case ast.Call(func=ast.Attribute(value=owner, attr=method), args=[ast.Constant(value=str() as key), *more]):
            is_lookup = method in ("get", "pop", "setdefault")
            yield ({key}, more) if is_lookup else (names_in(owner), node.args)
        case ast.Call(func=ast.Name(id="min" | "max" | "round"), args=parts):
            yield _names_in(parts), parts
        case ast.Subscript(slice=ast.Constant(value=str())):
            return
        case ast.Subscript(value=ast.Name(id=home), slice=index) if home in plain:
            yield names_in(index), [plain[home]]
        case ast.FunctionDef(args=given):
            yield from (({parameter}, [value]) for parameter, value in defaults_of(given))
        case ast.Match(subject=subject, cases=cases):
            patterns = [part for case in cases for part in ast.walk(case.pattern)]
            yield names_in(subject), [part.value for part in patterns if isinstance(part, ast.MatchValue)]
        case _:
            return


def _names_in(parts: Iterable[ast.AST]) -> set[str]:
    return {name for part in parts for name in names_in(part)}


def _may_be_plain(node: ast.expr, plain: Mapping[str, ast.AST]) -> bool:
    return is_plain(node) or isinstance(node, ast.Call) or _last_name(node) in plain


def _last_name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


_TRUTH_OF = (ast.Name, ast.Attribute, ast.Subscript, ast.Call, ast.NamedExpr)


def _tests_truth(node: ast.AST) -> bool:
    """Whether the truth of a value decides here, or a length."""
    match node:
        case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test) | ast.Assert(test=test):
            return isinstance(test, _TRUTH_OF)
        case ast.BoolOp(values=values) | ast.comprehension(ifs=values):
            return any(isinstance(value, _TRUTH_OF) for value in values)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return isinstance(operand, _TRUTH_OF)
        case ast.Call(func=ast.Name(id="len" | "any" | "all" | "sum" | "min" | "max" | "bool")):
            return True
        case _:
            return False


def _first(count: int, values: Iterable[Constant]) -> dict[Constant, None]:
    """At most `count`, each once; no more than `EXAMINED_LIMIT` are looked at."""
    found: dict[Constant, None] = {}
    for value in islice(values, EXAMINED_LIMIT):
        found[value] = None
        if len(found) >= count:
            break
    return found


def _of_name(name: str, known: Mapping[str, ast.AST]) -> Iterator[Constant]:
    """Constants of what the module sets a name to, and of what that is made of."""
    pending, seen = [(name, 0)], {name}
    while pending:
        current, depth = pending.pop(0)
        node = known[current]
        yield from constants_in(node)
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
