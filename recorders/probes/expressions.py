"""Expressions of probes: a closed subset of Python, compiled to closures over plain values.

Accepted are names, attributes, subscripts and slices, constants, displays of lists, tuples, sets and dicts, arithmetic,
comparisons, `and`, `or`, `not`, `a if b else c`, comprehensions over containers, the functions of
`calculating.FUNCTIONS` and the methods of `calculating.METHODS`. Nothing else is, and nothing of a class of the service
runs when one is evaluated: see `plain`, `attributes`, `comparing` and `calculating`. What names a redacted thing is
refused.
"""

from __future__ import annotations

import ast
import operator
import sys
import warnings
from collections.abc import Callable
from types import FrameType
from typing import Any, Final, NamedTuple, TypeAlias

from ..errors import ProbeRefused
from .calculating import FUNCTIONS, METHODS, TAKE_STEPS, Steps, attribute, calculate, call_method, negated, subscript
from .comparing import contains, equal, order, truth
from .comprehensions import Comprehensions
from .plain import SCALARS, Unreadable, is_plain_key, plain
from .view import Evaluate, View, read_local

LENGTH: Final = 1_000
NODES: Final = 200
DEPTH: Final = 40
_CONSTANT_TEXT: Final = 1_000
_CONSTANT_BITS: Final = 4_096

Sensitive: TypeAlias = Callable[[str], bool]
"""Whether values under a name are redacted."""

Bind: TypeAlias = Callable[[str], Evaluate]
"""What reads a variable; raises `ProbeRefused` for one that is not there."""

_SIGNS: Final[dict[type[ast.operator], str]] = {
    **{ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**"},
    **{ast.LShift: "<<", ast.RShift: ">>", ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^"},
}
_ORDERS: Final[dict[type[ast.cmpop], tuple[int, ...]]] = {
    ast.Lt: (-1,),
    ast.LtE: (-1, 0),
    ast.Gt: (1,),
    ast.GtE: (1, 0),
}
_NATIVE: Final[dict[type[ast.cmpop], Callable[[Any, Any], Any]]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


class Expression(NamedTuple):
    """An expression that can be evaluated."""

    source: str
    evaluate: Evaluate
    quick: Callable[[FrameType], bool] | None = None
    """Of the plainest ones, the same straight from the frame: for conditions that are evaluated at every execution."""


def anything(name: str) -> Evaluate:
    """Binds every name: where an expression is only looked at, and never evaluated."""
    return lambda view: None


def compile_expression(
    source: str, bind: Bind, sensitive: Sensitive, is_local: Callable[[str], bool] = lambda name: False
) -> Expression:
    """`is_local` says of which names the frame has variables. Raises `ProbeRefused`, which says what and why."""
    tree = _parsed(source)
    compiler = _Compiler(source, bind, sensitive)
    evaluate = compiler.of(tree)
    return Expression(source, evaluate, _quick(tree, is_local))


def _parsed(source: str) -> ast.expr:
    if len(source) > LENGTH:
        raise ProbeRefused(f"an expression of {len(source)} characters is too long: {LENGTH} are accepted")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source.strip(), mode="eval").body
    except (SyntaxError, ValueError) as error:
        said = error.msg if isinstance(error, SyntaxError) else str(error)
        raise ProbeRefused(f"{source!r} is no expression of Python: {said}") from None
    except (MemoryError, RecursionError):
        raise ProbeRefused(f"{source[:40]!r}... is nested too deeply") from None
    if sum(1 for _node in ast.walk(tree)) > NODES:
        raise ProbeRefused(f"{source[:40]!r}... has more than {NODES} parts")
    return tree


def _quick(tree: ast.expr, is_local: Callable[[str], bool]) -> Callable[[FrameType], bool] | None:
    """Of a local variable that is compared with a number."""
    match tree:
        case ast.Compare(
            left=ast.Name(id=name), ops=[operation], comparators=[ast.Constant(value=int() | float() as bar)]
        ):
            native = _NATIVE.get(type(operation))
        case _:
            return None
    if native is None or not is_local(name):
        return None
    compare, interned = _comparison(operation), sys.intern(name)

    def quick(frame: FrameType) -> bool:
        try:
            value = read_local(frame, interned)
        except (KeyError, NameError):
            raise Unreadable(f"{interned} has no value yet") from None
        kind = type(value)
        if kind is int or kind is float:
            return bool(native(value, bar))
        return compare(value, bar, View(frame))

    return quick


class _Compiler(Comprehensions):
    """Makes closures of a syntax tree, from the outside inwards."""

    def __init__(self, source: str, bind: Bind, sensitive: Sensitive) -> None:
        super().__init__()
        self._source = source
        self._bind = bind
        self._sensitive = sensitive
        self._depth = 0

    def of(self, node: ast.expr) -> Evaluate:
        """What evaluates a node; raises `ProbeRefused`."""
        make = getattr(self, f"_{type(node).__name__.lower()}", None)
        if make is None:
            raise self.refused(node, _WHY.get(type(node).__name__, "it is not part of what conditions are made of"))
        self._depth += 1
        if self._depth > DEPTH:
            raise self.refused(node, "it is nested too deeply")
        made: Evaluate = make(node)
        self._depth -= 1
        return made

    def refused(self, node: ast.AST, why: str) -> ProbeRefused:
        """The error for a part that is not accepted."""
        part = ast.get_source_segment(self._source.strip(), node) or self._source
        return ProbeRefused(f"{part!r} is not accepted: {why}")

    def check_name(self, node: ast.AST, name: str) -> str:
        """A name that is not redacted; raises `ProbeRefused`."""
        if self._sensitive(name):
            raise self.refused(node, f"what is called {name!r} is redacted, and cannot be asked for")
        return sys.intern(name)

    def _constant(self, node: ast.Constant) -> Evaluate:
        value: Any = node.value
        if id(type(value)) not in SCALARS:
            raise self.refused(node, "it is no number, text or None")
        if type(value) is int and value.bit_length() > _CONSTANT_BITS:
            raise self.refused(node, f"it has more than {_CONSTANT_BITS} bits")
        if type(value) is str:
            self.check_name(node, value)
        return lambda view: value

    def _name(self, node: ast.Name) -> Evaluate:
        name = self.check_name(node, node.id)
        return self.bound(name) or self._bind(name)

    def _attribute(self, node: ast.Attribute) -> Evaluate:
        name = self.check_name(node, node.attr)
        if name.startswith("__") and name not in ("__name__", "__qualname__", "__module__", "__class__"):
            raise self.refused(node, "names with two underscores lead to the interpreter's own state")
        value = self.of(node.value)
        return lambda view: attribute(value(view), name)

    def _subscript(self, node: ast.Subscript) -> Evaluate:
        value, key, sensitive = self.of(node.value), self.of(node.slice), self._sensitive

        def run(view: View) -> Any:
            return subscript(value(view), _visible_key(key(view), sensitive))

        return run

    def _slice(self, node: ast.Slice) -> Evaluate:
        parts = [self.of(part) if part is not None else _none for part in (node.lower, node.upper, node.step)]

        def run(view: View) -> Any:
            bounds = [plain(part(view)) for part in parts]
            if not all(one is None or type(one) is int for one in bounds) or bounds[2] == 0:
                raise Unreadable("a slice has integers as its bounds")
            return slice(*bounds)

        return run

    # --- operators ---

    def _boolop(self, node: ast.BoolOp) -> Evaluate:
        parts = [self.of(part) for part in node.values]
        stops = isinstance(node.op, ast.Or)

        def run(view: View) -> Any:
            found: Any = None
            for part in parts:
                found = part(view)
                if truth(found) is stops:
                    return found
            return found

        return run

    def _unaryop(self, node: ast.UnaryOp) -> Evaluate:
        value = self.of(node.operand)
        if isinstance(node.op, ast.Not):
            return lambda view: not truth(value(view))
        if isinstance(node.op, ast.USub):
            return lambda view: negated(value(view))
        raise self.refused(node, "only `not` and `-` stand before a value")

    def _binop(self, node: ast.BinOp) -> Evaluate:
        sign = _SIGNS.get(type(node.op))
        if sign is None:
            raise self.refused(node, "it would run code of the values")
        left, right = self.of(node.left), self.of(node.right)

        def run(view: View) -> Any:
            return calculate(sign, left(view), right(view))

        if all(isinstance(part, ast.Constant | ast.BinOp | ast.operator) for part in ast.walk(node)):
            return self._folded(node, run)
        return run

    def _folded(self, node: ast.BinOp, evaluate: Evaluate) -> Evaluate:
        """A constant that is put together; what can never be evaluated is refused at once."""
        try:
            value = evaluate(View(sys._getframe()))
        except Unreadable as error:
            raise self.refused(node, str(error)) from None
        return lambda view: value

    def _compare(self, node: ast.Compare) -> Evaluate:
        first = self.of(node.left)
        rest = [
            (_comparison(operation), self.of(part)) for operation, part in zip(node.ops, node.comparators, strict=True)
        ]
        if len(rest) == 1:
            return _single(type(node.ops[0]), first, node.comparators[0], rest[0])

        def run(view: View) -> bool:
            left = first(view)
            for compare, part in rest:
                right = part(view)
                if not compare(left, right, view):
                    return False
                left = right
            return True

        return run

    def _ifexp(self, node: ast.IfExp) -> Evaluate:
        test, then, otherwise = self.of(node.test), self.of(node.body), self.of(node.orelse)
        return lambda view: then(view) if truth(test(view)) else otherwise(view)

    # --- displays and comprehensions ---

    def _display(self, node: ast.List | ast.Tuple) -> Evaluate:
        parts = [self.of(part) for part in node.elts]
        kind = tuple if isinstance(node, ast.Tuple) else list
        return lambda view: kind([part(view) for part in parts])

    _list = _tuple = _display

    def _dict(self, node: ast.Dict) -> Evaluate:
        if None in node.keys:
            raise self.refused(node, "`**` would run code")
        keys = [self.of(key) for key in node.keys if key is not None]
        values = [self.of(value) for value in node.values]

        def run(view: View) -> dict[Any, Any]:
            found = [plain(key(view)) for key in keys]
            if not all(map(is_plain_key, found)):
                raise Unreadable("a key would run code")
            return dict(zip(found, [value(view) for value in values], strict=True))

        return run

    # --- calls ---

    def _call(self, node: ast.Call) -> Evaluate:
        if node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args):
            raise self.refused(node, "arguments are given by position, each by itself")
        if isinstance(node.func, ast.Attribute):
            return self._method(node, node.func)
        if not isinstance(node.func, ast.Name) or node.func.id not in FUNCTIONS:
            known = ", ".join(FUNCTIONS)
            raise self.refused(node, f"it would run code; what can be called is {known}, and methods of built-in types")
        name = node.func.id
        function, least, most = FUNCTIONS[name]
        if not least <= len(node.args) <= most:
            raise self.refused(node, f"{name}() takes {least} to {most} arguments")
        if name in TAKE_STEPS and isinstance(node.args[0], ast.GeneratorExp):
            walk = self.walk(node.args[0].generators, node.args[0].elt)
            return lambda view: function(view, Steps(walk(view)))
        arguments = [self.of(argument) for argument in node.args]
        return lambda view: function(view, *[argument(view) for argument in arguments])

    def _method(self, node: ast.Call, function: ast.Attribute) -> Evaluate:
        name = function.attr
        if name not in METHODS:
            raise self.refused(
                node, f"{name}() would run code; methods that can be called are {', '.join(sorted(METHODS))}"
            )
        value, sensitive = self.of(function.value), self._sensitive
        arguments = [self.of(argument) for argument in node.args]

        def run(view: View) -> Any:
            given = [argument(view) for argument in arguments]
            if name == "get" and given:
                _visible_key(given[0], sensitive)
            return call_method(view, name, value(view), given, sensitive)

        return run


def _none(view: View) -> None:
    return None


def _visible_key(key: Any, sensitive: Sensitive) -> Any:
    """A key, which may have been put together so that nobody saw its name."""
    plain_key = plain(key)
    if type(plain_key) is str and sensitive(plain_key):
        raise Unreadable("what lies under that key is redacted")
    return key


def _comparison(operation: ast.cmpop) -> Callable[[Any, Any, View], bool]:
    match operation:
        case ast.Eq():
            return equal
        case ast.NotEq():
            return lambda left, right, view: not equal(left, right, view)
        case ast.Is():
            return lambda left, right, view: left is right
        case ast.IsNot():
            return lambda left, right, view: left is not right
        case ast.In():
            return lambda left, right, view: contains(right, left, view)
        case ast.NotIn():
            return lambda left, right, view: not contains(right, left, view)
    wanted = _ORDERS[type(operation)]
    return lambda left, right, view: order(left, right, view) in wanted


def _single(
    operation: type[ast.cmpop], first: Evaluate, node: ast.expr, rest: tuple[Callable[..., bool], Evaluate]
) -> Evaluate:
    """One comparison: the usual ones by the shortest way, because they are evaluated at every execution."""
    compare, second = rest
    native = _NATIVE.get(operation)
    if native is None:
        return lambda view: compare(first(view), second(view), view)
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        constant = node.value

        def with_constant(view: View) -> bool:
            left = first(view)
            kind = type(left)
            if kind is int or kind is float:
                return bool(native(left, constant))
            return compare(left, constant, view)

        return with_constant

    def run(view: View) -> bool:
        left, right = first(view), second(view)
        if type(left) is int and type(right) is int:
            return bool(native(left, right))
        return compare(left, right, view)

    return run


_WHY: Final = {
    "Lambda": "a function would run code",
    "Await": "it would run code",
    "Yield": "it would change the function",
    "YieldFrom": "it would change the function",
    "NamedExpr": "it would set a variable",
    "JoinedStr": "texts are put together in the text of a log",
    "Starred": "it would go through something of unknown size",
    "DictComp": "write a list of pairs instead",
}
