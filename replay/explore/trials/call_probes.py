"""Call probes: prologues of included functions that report what these are called with, or substitute it, while a trace
is replayed for exploring.

The prologue of each function asks one flag; only while a replay wants it, arguments are looked at. Nested functions,
lambdas and code outside functions have none.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from types import CodeType, FrameType, FunctionType
from typing import Any, NamedTuple

from ....recorders.capture.thaw import capture
from ....recorders.context import current
from ....recorders.model.branches import FunctionName
from ....recorders.model.full_names import split_name
from ....recorders.model.value_tree import encode
from ....recorders.tracing.function_names import function_name
from ...execute.instrument.source import import_as
from ...world.resolver import Unbuildable
from .inner_calls import ObservedCall, Substitution

NAME = "@pytest_runtime_call_probes"
"""The name under which a module knows its call probes; no source can spell it."""

SIZE_LIMIT = 100_000
"""Bytes of the arguments of one call that are captured. Each observed call is copied in full; larger arguments have
more places than are looked at (`PLACES_LIMIT`)."""

CALLERS = 30
"""Included functions above a call that are reported. Only the innermost decides; the bound is for deep recursion."""


class Prologue(NamedTuple):
    """The prologue of a function."""

    function: FunctionName
    kind: str
    positional: int
    star: bool
    names: tuple[str, ...]
    """Keyword-only parameters."""
    stars: bool
    bound: bool
    """Whether the first parameter is a class or an instance that no caller passes."""
    parameters: tuple[str, ...]
    """The positional ones."""


class CallProbes:
    """What the prologues of functions ask, and report."""

    def __init__(self) -> None:
        self.active = False
        self._wanted: Mapping[FunctionName, int] = {}
        self._substitution: Substitution | None = None
        self._make: Any = None
        self._modules: Mapping[str, str] = {}
        self._counts: Counter[FunctionName] = Counter()
        self.calls: list[ObservedCall] = []
        self.substituted = False
        """Whether the substitution took place."""

    def begin(
        self,
        wanted: Mapping[FunctionName, int],
        substitution: Substitution | None,
        modules: Mapping[str, str],
        make: Any,
    ) -> None:
        """From here on report calls (function → how many of each replay), and substitute the arguments of one of them.

        `modules` maps files of included modules to their names; `make` builds a live value of a tree.
        """
        self._wanted, self._substitution, self._make, self._modules = wanted, substitution, make, modules
        self._counts.clear()
        self.calls = []
        self.substituted = False
        self.active = bool(wanted or substitution)

    def end(self) -> None:
        """No more."""
        self.active = False

    def enter(self, called: tuple[Any, ...], values: tuple[Any, ...]) -> tuple[Any, ...]:
        """The parameters of a function as it begins, or what is substituted for them; `called` is its `Prologue`."""
        name, substitution = called[0], self._substitution
        is_substituted = substitution is not None and substitution.function == name
        if current() is None or not (name in self._wanted or is_substituted):
            return values
        prologue = Prologue(*called)
        number = self._counts[name]
        self._counts[name] += 1
        is_the_one = is_substituted and substitution is not None and substitution.number == number
        if not (is_the_one or number < self._wanted.get(name, 0)):
            return values
        arguments = capture(_called_with(prologue, values, _defaults_of(sys._getframe(1), name)), limit=SIZE_LIMIT)
        if substitution is not None and is_the_one:
            is_known = encode(arguments) == encode(substitution.original)
            return self._substituted(prologue, values, substitution) if is_known else values
        self.calls.append(ObservedCall(name, prologue.kind, number, arguments, self._callers(sys._getframe(2))))
        return values

    def _substituted(self, prologue: Prologue, values: tuple[Any, ...], substitution: Substitution) -> tuple[Any, ...]:
        try:
            receiver, args, kwargs = self._make(substitution.arguments)
        except Unbuildable:
            return values  # `substituted` stays false: the asking side calls that inconclusive
        self.substituted = True
        omitted = {
            **dict(zip(prologue.parameters, values, strict=False)),
            **_defaults_of(sys._getframe(2), prologue.function),
        }
        first = [] if not prologue.bound else [receiver if prologue.kind in ("method", "property") else values[0]]
        room = prologue.positional - len(first)
        named = dict(kwargs)
        made = [*first, *args[:room]]
        for position in range(len(made), prologue.positional):
            made.append(named.pop(prologue.parameters[position], omitted[prologue.parameters[position]]))
        if prologue.star:
            made.append(tuple(args[room:]))
        own = dict(zip(prologue.names, values[len(made) :], strict=False))
        made += [named.pop(name, omitted.get(name, own[name])) for name in prologue.names]
        if prologue.stars:
            made.append(named)
        return tuple(made)

    def _callers(self, frame: FrameType | None) -> list[FunctionName]:
        found: list[FunctionName] = []
        while frame is not None and len(found) < CALLERS:
            if frame.f_code.co_filename in self._modules:
                found.append(function_name(frame.f_code, self._modules))
            frame = frame.f_back
        return found


def _called_with(
    prologue: Prologue, values: tuple[Any, ...], defaults: Mapping[str, Any]
) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
    """(receiver, args, kwargs) of a call that gives these parameters; what is a default anyway is left to be one."""
    args = list(values[: prologue.positional])
    rest = list(values[prologue.positional :])
    star = rest.pop(0) if prologue.star else ()
    kwargs = {
        name: value
        for name, value in ((name, rest.pop(0)) for name in prologue.names)
        if not _is(value, name, defaults)
    }
    if prologue.stars:
        kwargs.update(rest.pop(0))
    least = 1 if prologue.bound else 0
    while not star and len(args) > least and _is(args[-1], prologue.parameters[len(args) - 1], defaults):
        args.pop()
    receiver = args[0] if prologue.kind in ("method", "property") else None
    return receiver, (*args[least:], *star), kwargs


def _is(value: Any, name: str, defaults: Mapping[str, Any]) -> bool:
    return name in defaults and defaults[name] is value


def _defaults_of(frame: FrameType, function: FunctionName) -> Mapping[str, Any]:
    """Defaults of the function that runs in a frame; found by its name."""
    module, qualname = split_name(function)
    holder: Any = sys.modules.get(module)
    for part in qualname.split("."):
        holder = getattr(holder, "__dict__", {}).get(part)
    for _step in range(8):
        if isinstance(holder, FunctionType) and holder.__code__ is frame.f_code:
            code = frame.f_code
            positional = code.co_varnames[: code.co_argcount]
            given = holder.__defaults__ or ()
            plain = dict(zip(positional[len(positional) - len(given) :], given, strict=True))
            return {**plain, **(holder.__kwdefaults__ or {})}
        known = getattr(holder, "__dict__", {})
        holder = known.get("__wrapped__") or getattr(holder, "__func__", None) or getattr(holder, "fget", None)
    return {}


call_probes = CallProbes()
"""Those of this process: a prologue reaches nothing else."""


def with_call_probes(source: str, module: str, file: str) -> CodeType:
    """The code of a module, with call probes; raises `SyntaxError` as `compile` does."""
    tree = ast.parse(source, file)
    try:
        _Prologues(module).visit(tree)
        import_as(tree, f"{__name__}", NAME)
        code: CodeType = compile(ast.fix_missing_locations(tree), file, "exec", dont_inherit=True)
    except (SyntaxError, RecursionError):
        return compile(source, file, "exec", dont_inherit=True)
    return code


class _Prologues(ast.NodeTransformer):
    """Gives functions their prologue."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._classes: list[str] = []

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        """Methods too."""
        self._classes.append(node.name)
        node.body = [self.visit(part) for part in node.body]
        self._classes.pop()
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """The prologue comes first; what is nested has none."""
        self._add(node)
        return node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        """As a function: its prologue runs when it begins."""
        self._add(node)
        return node

    def _add(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        names = parameter_names(node.args)
        kind, bound = how_called(node, inside_class=bool(self._classes))
        given = node.args
        has_first = bool(given.posonlyargs or given.args)
        if not names or not kind or (bound and not has_first):
            return
        prologue = Prologue(
            f"{self._module}:{'.'.join([*self._classes, node.name])}",
            kind,
            len(given.posonlyargs) + len(given.args),
            given.vararg is not None,
            tuple(parameter.arg for parameter in given.kwonlyargs),
            given.kwarg is not None,
            bound,
            tuple(parameter.arg for parameter in (*given.posonlyargs, *given.args)),
        )
        node.body.insert(
            1 if ast.get_docstring(node, clean=False) is not None else 0, _probe(prologue, names, node.lineno)
        )


def parameter_names(given: ast.arguments) -> list[str]:
    """All parameters, in the order in which a prologue gives them."""
    names = [parameter.arg for parameter in (*given.posonlyargs, *given.args)]
    names += [given.vararg.arg] if given.vararg is not None else []
    names += [parameter.arg for parameter in given.kwonlyargs]
    return names + ([given.kwarg.arg] if given.kwarg is not None else [])


def how_called(node: ast.FunctionDef | ast.AsyncFunctionDef, *, inside_class: bool) -> tuple[str, bool]:
    """(kind, whether the first parameter is bound); an empty kind for what cannot be called by its name."""
    if not inside_class:
        return "function", False
    marks = {part.id for part in node.decorator_list if isinstance(part, ast.Name)}
    if any(isinstance(part, ast.Attribute) and part.attr in ("setter", "deleter") for part in node.decorator_list):
        return "", False
    if node.name in ("__new__", "__init_subclass__", "__class_getitem__"):
        return "", False
    if "staticmethod" in marks:
        return "function", False
    if "classmethod" in marks:
        return "function", True
    if node.name == "__init__":
        return "constructor", True
    return ("property" if marks & {"property", "cached_property"} else "method"), True


def _probe(prologue: Prologue, names: Sequence[str], line: int) -> ast.stmt:
    """`if call_probes.active: (a, b) = call_probes.enter(prologue, (a, b))`"""

    def place(node: Any) -> Any:
        for part in ast.walk(node):
            if isinstance(part, (ast.stmt, ast.expr)):
                part.lineno = part.end_lineno = line
                part.col_offset = part.end_col_offset = 0
        return node

    def part(attribute: str) -> ast.expr:
        home = ast.Attribute(ast.Name(NAME, ast.Load()), "call_probes", ast.Load())
        return ast.Attribute(home, attribute, ast.Load())

    read = ast.Tuple([ast.Name(name, ast.Load()) for name in names], ast.Load())
    written = ast.Tuple([ast.Name(name, ast.Store()) for name in names], ast.Store())
    entered = ast.Call(part("enter"), [ast.Constant(tuple(prologue)), read], [])  # type: ignore[arg-type]  # any constant compiles
    statement: ast.stmt = place(ast.If(part("active"), [ast.Assign([written], entered)], []))
    return statement
