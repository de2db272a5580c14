"""Relevance: which names changed lines mention and what these are made of, and what the lines deal
with. Places of those names are tried more, with values that are awkward for what is done there.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

Hint: TypeAlias = str
"""`nothing` (None, empty, missing), of texts `case`, `spaces`, `marks` (letters that are no ASCII), `ends`, else
`numbers`, `kinds`, `rounding`, `order`, `length`, `time`, `comparison`, `entries` of dicts."""

EXPRESSIONS_LIMIT = 1000
"""Expressions in which what changed lines set is looked for: time in the length of a function stays linear, also where
a program wrote it."""

ROUNDS = 3
"""How many assignments back a name is followed. Each round adds what the names of the one before are made of; after a
few every name of a function is relevant, and the word says nothing any more."""

_BY_NAME: Mapping[Hint, str] = {
    "nothing": "get setdefault any all bool",
    "case": "lower upper casefold title capitalize swapcase islower isupper istitle",
    "kinds": "isinstance type hasattr callable",
    "spaces": "isspace whitespace strip lstrip rstrip split rsplit join splitlines sub",
    "marks": "normalize combining east_asian_width encode decode isalpha isalnum isdigit isnumeric isdecimal isascii",
    "ends": "startswith endswith partition rpartition replace removeprefix removesuffix strip lstrip rstrip find index",
    "numbers": "isdigit isnumeric isdecimal match findall search fullmatch int float Decimal zfill",
    "rounding": "round quantize int floor ceil trunc divmod Decimal float",
    "order": "sort sorted min max reversed reverse nlargest nsmallest bisect set append insert add",
    "length": "len range islice zip enumerate ljust rjust zfill",
    "time": "datetime date time timedelta astimezone fromisoformat strftime strptime isocalendar isoformat timestamp "
    "weekday isoweekday monthrange toordinal tzinfo days seconds year month day hour utc UTC total_seconds combine "
    "utcoffset",
    "entries": "update pop items keys values copy dict deepcopy setdefault get",
}
_DEALS_WITH: Mapping[str, frozenset[Hint]] = {
    name: frozenset(hint for hint, names in _BY_NAME.items() if name in names.split())
    for names in _BY_NAME.values()
    for name in names.split()
}


class Relevance:
    """Sees the source of functions, and knows what their changed lines are about."""

    def __init__(self) -> None:
        self._mentioned: set[str] = set()
        self._set: set[str] = set()
        """Names that changed lines set."""
        self._expressions: list[ast.expr] = []
        """Those in which something is done with names."""
        self._inside: set[int] = set()
        """Sums inside sums: these are looked at as one."""
        self.hints: set[Hint] = set()
        self.kinds: set[str] = set()
        """Names of which it is asked what kind of value they hold."""
        self.made_of: dict[str, set[str]] = {}
        """Name → names that it is made of, through assignments, loops, and calls of functions by name."""

    def see(self, node: ast.AST, changed: frozenset[int], parameters: Mapping[str, list[str]]) -> None:
        """One node of a version of a function, of which some lines changed; `parameters` are those of the module's
        functions, by name."""
        match node:
            case ast.Assign(targets=targets, value=value):
                self._comes_from(targets, value)
            case ast.AugAssign(target=target, value=value) | ast.NamedExpr(target=target, value=value):
                self._comes_from([target], value)
            case ast.For(target=target, iter=value) | ast.comprehension(target=target, iter=value):
                self._comes_from([target], value)
            case ast.Call(func=ast.Name(id="isinstance" | "type" | "hasattr" | "callable"), args=[asked, *_]):
                self.kinds |= names_in(asked)
            case ast.Call(func=ast.Attribute(value=ast.Name() as owner, attr=name), args=args) if name in _ADDING:
                for value in args:
                    self._comes_from([owner], value)
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=args) if name in parameters:
                for parameter, value in zip(parameters[name], args, strict=False):
                    self.made_of.setdefault(parameter, set()).update(names_in(value) - {parameter})
            case _:
                pass
        if getattr(node, "lineno", 0) in changed:
            self.hints |= _hints(node)
            if isinstance(node, ast.expr):
                self._mentioned |= names_in(node)
            self._set |= _names_set(node, changed)
        self._use(node)

    def _use(self, node: ast.AST) -> None:
        if isinstance(node, ast.BinOp):
            self._inside |= {id(side) for side in (node.left, node.right) if isinstance(side, ast.BinOp)}
        if (
            isinstance(node, (ast.Compare, ast.BinOp, ast.Subscript, ast.Call, ast.BoolOp))
            and id(node) not in self._inside
        ):
            self._expressions.append(node)

    def _using(self) -> list[tuple[ast.expr, set[str]]]:
        """Expressions that use what changed lines set, and the names in them."""
        if not self._set:
            return []
        found = ((expression, names_in(expression)) for expression in self._expressions[:EXPRESSIONS_LIMIT])
        return [(expression, names) for expression, names in found if not names.isdisjoint(self._set)]

    def all_hints(self) -> frozenset[Hint]:
        """What changed lines deal with, and what is done with what they set."""
        parts = (part for expression, _names in self._using() for part in ast.walk(expression))
        return frozenset(self.hints.union(*map(_hints, parts)))

    def _comes_from(self, targets: Iterable[ast.expr], value: ast.expr) -> None:
        sources = names_in(value)
        for target in targets:
            holder = target.value if isinstance(target, ast.Subscript) else target
            for name in names_in(holder):
                self.made_of.setdefault(name, set()).update(sources - {name})

    def names(self) -> frozenset[str]:
        """What changed lines mention, and what that is made of; without leading underscores."""
        return sources_of(self._mentioned.union(*(names for _expression, names in self._using())), self.made_of)


_ADDING = frozenset({"append", "appendleft", "extend", "insert", "add", "update"})


def _names_set(node: ast.AST, changed: frozenset[int]) -> set[str]:
    """Variables and parameters that a node gives a value."""
    match node:
        case ast.Assign(targets=targets):
            return {part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)}
        case ast.AugAssign(target=ast.Name(id=name)) | ast.NamedExpr(target=ast.Name(id=name)):
            return {name}
        case ast.FunctionDef(args=given) | ast.AsyncFunctionDef(args=given):
            return {name for name, default in defaults_of(given) if default.lineno in changed}
        case _:
            return set()


def defaults_of(given: ast.arguments) -> Iterator[tuple[str, ast.expr]]:
    """Parameters that have a default, and it."""
    plain = [*given.posonlyargs, *given.args]
    for parameter, value in zip(reversed(plain), reversed(given.defaults), strict=False):
        yield parameter.arg, value
    for parameter, default in zip(given.kwonlyargs, given.kw_defaults, strict=True):
        if default is not None:
            yield parameter.arg, default


def sources_of(names: Iterable[str], made_of: Mapping[str, Iterable[str]]) -> frozenset[str]:
    """Names, and what they are made of; without leading underscores."""
    found = set(names)
    for _round in range(ROUNDS):
        found |= {source for name in found for source in made_of.get(name, ())}
    return frozenset(name.lstrip("_") for name in found)


def names_in(node: ast.AST) -> set[str]:
    """What a value may be called where it comes from: variables, attributes, keys."""
    found: set[str] = set()
    for part in ast.walk(node):
        match part:
            case ast.Name(id=name) | ast.Attribute(attr=name):
                found.add(name)
            case ast.Subscript(slice=ast.Constant(value=str() as name)):
                found.add(name)
            case ast.Call(func=ast.Attribute(attr="get" | "pop"), args=[ast.Constant(value=str() as name), *_]):
                found.add(name)
            case _:
                pass
    return found


def _hints(node: ast.AST) -> frozenset[Hint]:
    match node:
        case ast.Compare(ops=ops, comparators=others):
            if any(isinstance(other, ast.Constant) and other.value is None for other in others):
                return frozenset({"nothing"})
            is_membership = any(isinstance(op, (ast.In, ast.NotIn)) for op in ops)
            return frozenset({"entries", "ends", "case", "nothing"} if is_membership else {"comparison"})
        case ast.BoolOp() | ast.If() | ast.While() | ast.IfExp():
            return frozenset({"nothing"})
        case ast.BinOp(op=ast.FloorDiv() | ast.Mod() | ast.Div() | ast.Mult()):
            return frozenset({"rounding"})
        case ast.BinOp(op=ast.BitOr()) | ast.Dict():
            return frozenset({"entries"})
        case ast.Slice():
            return frozenset({"length"})
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return _DEALS_WITH.get(name, frozenset())
        case _:
            return frozenset()
