"""Probes where the interpreter has no local events (Python 3.11): a function gets code with the probe in it.

The module is compiled again from the source that it was loaded from, with a statement more that reads an attribute of a
constant, as the prologue of included functions does, so that names, lines, and positions stay. The code is put into the
function if the same source without the probe gives the code that is loaded. It counts from the next call on; frames
that run already go on in the old code. Functions are found from the module's namespace, past wrappers that keep what
they wrap; one that is made inside another gets its probe with the next call of the outer one.
"""

from __future__ import annotations

import ast
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from types import CodeType, FrameType, FunctionType
from typing import Any, Final, NamedTuple

from ..capture.raw import code_of, content_of, is_instance, namespace_of_module, type_dict
from ..code_flags import nested_codes
from ..faults import own
from ..included import Included
from ..tracing.prologue import GiveHead, compiled
from .armed import Armed
from .places import Target

_MARK: Final = "pytest-runtime: a probe"
_DEPTH: Final = 6
"""Wrappers that a function may stand behind."""

_getframe, _perf = sys._getframe, time.perf_counter
_Function = ast.FunctionDef | ast.AsyncFunctionDef


class _Placed(NamedTuple):
    armed: Armed
    target: Target


class FunctionCode:
    """Functions whose code has probes in it. Its methods are called by one thread."""

    def __init__(self, on_fault: Callable[[BaseException], None], included: Included, head: GiveHead) -> None:
        """`head` is what functions of included modules read first, if anything."""
        self._on_fault = on_fault
        self._included = included
        self._head = head
        self._placed: dict[str, list[_Placed]] = {}
        """File → what stands in it."""
        self._replaced: dict[int, tuple[FunctionType, CodeType, CodeType]] = {}
        """Functions with code of ours, by id: (function, its own code, ours)."""
        self._open: dict[int, float] = {}

    def arm(self, armed: Armed, targets: Sequence[Target]) -> str:
        """Have the next calls of the targets' functions seen; why that cannot be, or nothing."""
        file = targets[0].code.co_filename
        if targets[0].code.co_name.startswith("<"):
            return "before Python 3.12 a lambda or a comprehension has no place for a probe: name a line around it"
        before = self._placed.get(file, [])
        self._placed[file] = [*before, *(_Placed(armed, target) for target in targets)]
        refused = self._renew(file)
        if refused:
            self._placed[file] = before
            self._renew(file)
        elif armed.state == "armed":
            armed.state = "next call"
        return refused

    def disarm(self, armed: Armed) -> None:
        """Leave nothing of a probe."""
        for file, placed in list(self._placed.items()):
            left = [one for one in placed if one.armed is not armed]
            if len(left) != len(placed):
                self._placed[file] = left
                self._renew(file)

    def resume(self, armed: Armed) -> None:
        """It was off, and not away."""

    def note(self, armed: Armed) -> str:
        """From when on it is seen."""
        return "calls that run already are not seen, those from now on are" if armed.state == "next call" else ""

    def forked(self) -> None:
        """This process was forked."""
        self._open.clear()

    def stop(self) -> None:
        """Leave nothing at all."""
        for file in list(self._placed):
            self._placed[file] = []
            self._renew(file)

    # --- code ---

    def _renew(self, file: str) -> str:
        """Give the functions of a file the code that they are to have; why that cannot be, or nothing."""
        for function, before, ours in self._replaced.values():
            if before.co_filename == file and function.__code__ is ours:
                function.__code__ = before
        self._replaced = {key: one for key, one in self._replaced.items() if one[1].co_filename != file}
        placed = self._placed.get(file, [])
        if not placed:
            self._placed.pop(file, None)
            return ""
        source = self._included.sources.get(file, "")
        try:
            head, plain = self._loaded_form(source, file, placed[0].target.code)
            with_probes = compiled(source, file, head, partial(self._insert, placed=placed))
        except (SyntaxError, ValueError) as error:
            return f"its source cannot be compiled again: {error}"
        except _Differs as differs:
            return str(differs)
        return self._put(file, placed, plain, with_probes)

    def _loaded_form(self, source: str, file: str, code: CodeType) -> tuple[Any, CodeType]:
        """How the module was compiled, and its code compiled again like that; raises `_Differs`."""
        for head in dict.fromkeys((self._head(), None)):
            module = compiled(source, file, head)
            if any(_is_same(one, code) for one in nested_codes(module)):
                return head, module
        raise _Differs("the code that runs is not what its source gives: something else changed it when it was loaded")

    def _put(self, file: str, placed: list[_Placed], plain: CodeType, with_probes: CodeType) -> str:
        """Replace the code of the outermost functions around the probes."""
        pairs = {_key(one): other for one, other in zip(nested_codes(plain), nested_codes(with_probes), strict=True)}
        wanted = {one.target.code.co_qualname.partition(".<locals>")[0] for one in placed}
        module = sys.modules.get(self._included.modules.get(file, ""))
        found = set()
        for function in list(_functions_of(namespace_of_module(module), file)):
            code = function.__code__
            name = code.co_qualname
            if name in wanted and _key(code) in pairs and id(function) not in self._replaced:
                ours = pairs[_key(code)]
                function.__code__ = ours
                self._replaced[id(function)] = function, code, ours
                found.add(name)
        missing = wanted - found
        return f"{', '.join(sorted(missing))} is not found in its module: a decorator hides it" if missing else ""

    def _insert(self, tree: ast.Module, placed: list[_Placed]) -> Mapping[str, Any]:
        """Add the statements of the probes to a module's tree."""
        objects: dict[str, Any] = {}
        functions = list(_named_functions(tree))
        for number, one in enumerate(placed):
            node = next((node for name, node in functions if _is_node_of(one.target.code, name, node)), None)
            if node is None:
                continue
            mark = f"{_MARK} {number}"
            objects[mark] = self._object(one.armed)
            if one.armed.probe.kind == "duration":
                _measure(node, mark)
            elif one.target.at_start:
                _add(node.body, _after_docstring(node), mark, "hit")
            else:
                _add_at_line(node, one.target.line, mark)
        return objects

    # --- in threads of the service ---

    def _object(self, armed: Armed) -> Any:
        """A constant whose attributes report."""

        class Place:
            __slots__ = ()
            hit = property(lambda _self: self._hit(armed, _getframe(1)))
            begin = property(lambda _self: self._begin(_getframe(1)))
            end = property(lambda _self: self._end(armed, _getframe(1)))

        return Place()

    def _hit(self, armed: Armed, frame: FrameType) -> None:
        try:
            if armed.state == "next call":
                armed.state = "armed"
            armed.execute(frame)
        except Exception as fault:
            if not own(fault):
                raise
            self._on_fault(fault)  # it would arrive in the service

    def _begin(self, frame: FrameType) -> None:
        self._open[id(frame)] = _perf()

    def _end(self, armed: Armed, frame: FrameType) -> None:
        try:
            if armed.state == "next call":
                armed.state = "armed"
            began = self._open.pop(id(frame), None)
            if began is not None:
                armed.took(_perf() - began, frame)
        except Exception as fault:
            if not own(fault):
                raise
            self._on_fault(fault)


class _Differs(Exception):
    """What runs is not what the source gives."""


def _key(code: CodeType) -> tuple[str, int]:
    return code.co_qualname, code.co_firstlineno


def _is_same(one: CodeType, other: CodeType) -> bool:
    return _key(one) == _key(other) and one.co_code == other.co_code


def _functions_of(namespace: Mapping[str, Any], file: str) -> Iterator[FunctionType]:
    """The functions of a file that a namespace leads to, through classes and wrappers; nothing is asked for."""
    seen: set[int] = set()
    pending = [(value, 0) for value in list(namespace.values())]
    while pending:
        value, depth = pending.pop()
        if id(value) in seen or depth > _DEPTH:
            continue
        seen.add(id(value))
        if type(value) is FunctionType:
            if value.__code__.co_filename == file:
                yield value
            held = [value.__dict__.get("__wrapped__"), *map(content_of, value.__closure__ or ())]
        elif is_instance(value, type):
            held = list(type_dict(value).values()) if depth < 3 else []
        elif isinstance(value, property) and type(value) is property:
            held = [value.fget, value.fset, value.fdel]
        elif code_of(value) is not None:
            held = [value.__func__]
        elif type(value) is partial:
            held = [value.func]
        else:
            continue
        pending += [(inner, depth + 1) for inner in held if inner is not None]


# --- statements -----------------------------------------------------------------------------------------------------


def _named_functions(tree: ast.AST, before: str = "") -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """(qualified name, node) of every function in a tree."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, _Function):
            yield before + node.name, node
            yield from _named_functions(node, f"{before}{node.name}.<locals>.")
        elif isinstance(node, ast.ClassDef):
            yield from _named_functions(node, f"{before}{node.name}.")
        else:
            yield from _named_functions(node, before)


def _is_node_of(code: CodeType, name: str, node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    return name == code.co_qualname and first == code.co_firstlineno


def _after_docstring(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = node.body[0]
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return int(documented and isinstance(first.value.value, str))  # type: ignore[attr-defined]  # a constant


def _statement(mark: str, attribute: str, place: ast.AST) -> ast.Expr:
    made = ast.Expr(ast.Attribute(ast.Constant(mark), attribute, ast.Load()))
    for part in ast.walk(made):
        ast.copy_location(part, place)
    return made


def _add(body: list[ast.stmt], at: int, mark: str, attribute: str) -> None:
    body.insert(at, _statement(mark, attribute, body[min(at, len(body) - 1)]))


def _measure(node: ast.FunctionDef | ast.AsyncFunctionDef, mark: str) -> None:
    at = _after_docstring(node)
    rest = node.body[at:]
    if not rest:
        return
    measured = ast.Try(body=rest, handlers=[], orelse=[], finalbody=[_statement(mark, "end", rest[0])])
    ast.copy_location(measured, rest[0])
    node.body[at:] = [_statement(mark, "begin", rest[0]), measured]


def _add_at_line(node: ast.AST, line: int, mark: str) -> None:
    """Add the statement before the innermost one that runs at a line, or first in a handler or case that begins."""
    best: tuple[int, list[ast.stmt], int] | None = None
    for parent in ast.walk(node):
        starts_here = getattr(parent, "lineno", 0) == line and isinstance(parent, ast.excepthandler)
        if isinstance(parent, ast.match_case) and parent.pattern.lineno == line:
            starts_here = True
        for name in ("body", "orelse", "finalbody"):
            body = getattr(parent, name, None)
            if not isinstance(body, list) or not body:
                continue
            if starts_here and name == "body":
                _add(body, 0, mark, "hit")
                return
            for at, statement in enumerate(body):
                if isinstance(statement, ast.stmt) and statement.lineno <= line <= (statement.end_lineno or line):
                    size = (statement.end_lineno or line) - statement.lineno
                    if best is None or size < best[0]:
                        best = size, body, at
    if best is not None:
        _add(best[1], best[2], mark, "hit")
