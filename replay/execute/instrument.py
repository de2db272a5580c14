"""Instrumenting: a module compiled so that its functions tell their decisions, values and results.

The syntax tree is rewritten as pytest rewrites assertions. Expressions are wrapped in calls of the markers of
`detail`, so that truth and operands are evaluated once, in order, and in their own frame; no name is added but the
one of the markers, which no source can spell. Statements outside functions and annotations stay as they are.

Not told: the arms of `async for` inside comprehensions, and which `except*` did not take an exception.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import CodeType
from typing import Any, TypeAlias, TypeGuard

from ...recorders.model.branches import Branch, FunctionName, function_of
from ...recorders.tracing.branch_table import BranchTable
from ..model.steps import DecisionSite, ValueSite

MARKERS = "@pytest_runtime"
"""The name under which an instrumented module knows the markers."""

_Comprehension: TypeAlias = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
_AnyFunction: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


def instrumented(source: str, module: str, file: str) -> CodeType:
    """The code of a module, with markers; raises `SyntaxError` as `compile` does.

    Code that can only be compiled without markers (nested too deeply) is compiled without.
    """
    tree = ast.parse(source, file)
    try:
        marked = _Marking(module, BranchTable(module, source)).visit(tree)
        import_as(marked, f"{__package__}.line_tracer", MARKERS)
        code: CodeType = compile(ast.fix_missing_locations(marked), file, "exec", dont_inherit=True)
    except (SyntaxError, RecursionError):
        return compile(source, file, "exec", dont_inherit=True)
    return code


def import_as(tree: ast.Module, module: str, name: str) -> None:
    """Import a module under a name that no source can spell, after the docstring and what must stand first."""
    position = 1 if ast.get_docstring(tree, clean=False) is not None else 0
    while position < len(tree.body):
        statement = tree.body[position]
        if not (isinstance(statement, ast.ImportFrom) and statement.module == "__future__"):
            break
        position += 1
    tree.body.insert(position, ast.Import([ast.alias(module, name)], lineno=1, col_offset=0))


class _Marking(ast.NodeTransformer):
    """Puts the markers in."""

    def __init__(self, module: str, table: BranchTable) -> None:
        self._module = module
        self._table = table
        self._names: list[str] = []
        self._inside = False
        """Whether what is visited runs in a function."""
        self._plain_returns = False
        """Whether the function may return no value (an asynchronous generator)."""
        self._last_number = 0

    # --- scopes -------------------------------------------------------------------------------------------------

    @property
    def _function(self) -> FunctionName:
        return f"{self._module}:{function_of('.'.join(self._names))}"

    @contextmanager
    def _scope(self, *names: str, inside: bool, plain_returns: bool = False) -> Iterator[None]:
        before = self._names, self._inside, self._plain_returns
        self._names, self._inside, self._plain_returns = [*self._names, *names], inside, plain_returns
        yield
        self._names, self._inside, self._plain_returns = before

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        """Decorators and bases belong to the scope around it."""
        for part in ("decorator_list", "bases", "keywords"):
            setattr(node, part, self._each(getattr(node, part)))
        with self._scope(node.name, inside=False):
            node.body = self._each(node.body)
        return node

    def _defined(self, node: _AnyFunction) -> ast.AST:
        node.decorator_list = self._each(node.decorator_list)
        self._defaults(node.args)
        yields = _yields(node)
        is_async_generator = yields and isinstance(node, ast.AsyncFunctionDef)
        with self._scope(node.name, "<locals>", inside=True, plain_returns=is_async_generator):
            node.body = self._body(node, ends_quietly=yields or node.name in ("__next__", "__anext__"))
        return node

    visit_FunctionDef = _defined
    visit_AsyncFunctionDef = _defined

    def _defaults(self, arguments: ast.arguments) -> None:
        arguments.defaults = self._each(arguments.defaults)
        arguments.kw_defaults = [None if one is None else self.visit(one) for one in arguments.kw_defaults]

    def _body(self, node: _AnyFunction, *, ends_quietly: bool) -> list[ast.stmt]:
        """Docstring, entering, defaults, then the body in an `except` that sees what leaves it."""
        head: list[ast.stmt] = []
        body = node.body
        match body:
            case [ast.Expr(value=ast.Constant(value=str())) as docstring, *rest]:
                head, body = [docstring], rest
            case _:
                pass
        end = node.body[-1].end_lineno or node.lineno
        head.append(self._statement("enter", self._site("", node.lineno), at=node))
        head += [
            self._statement("value", self._site(name.arg, line.lineno), ast.Name(name.arg, ast.Load()), at=line)
            for name, line in _with_defaults(node.args)
        ]
        inner: list[ast.stmt] = self._each(body)
        if not inner or not isinstance(inner[-1], (ast.Return, ast.Raise)):
            inner.append(self._statement("returned", self._site("", end), ast.Constant(None), at=node, line=end))
        leaving = self._statement("left", self._function, ends_quietly, at=node)
        handler = ast.ExceptHandler(None, None, [leaving, ast.copy_location(ast.Raise(), leaving)])
        guarded = ast.Try(inner, [ast.copy_location(handler, leaving)], [], [])
        return [*head, ast.copy_location(guarded, leaving)]

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        """Its result is a value that the lambda takes."""
        self._defaults(node.args)
        with self._scope("<lambda>", "<locals>", inside=True):
            node.body = self._value("lambda", self.visit(node.body))
        return node

    def _each(self, nodes: Sequence[Any]) -> list[Any]:
        found: list[Any] = []
        for node in nodes:
            visited = self.visit(node)
            found += visited if isinstance(visited, list) else [visited]
        return found

    # --- calls of markers ---------------------------------------------------------------------------------------

    def _call(self, marker: str, *arguments: Any, at: ast.AST, line: int = 0) -> ast.Call:
        """`@pytest_runtime.marker(…)`; what is no syntax tree is a constant."""
        given = [one if isinstance(one, ast.expr) else ast.Constant(_constant(one)) for one in arguments]
        function = ast.Attribute(ast.Name(MARKERS, ast.Load()), marker, ast.Load())
        call = ast.copy_location(ast.Call(function, given, []), at)
        if not isinstance(at, ast.expr):
            _shrink(call, line)
        return call

    def _statement(self, marker: str, *arguments: Any, at: ast.AST, line: int = 0) -> ast.Expr:
        call = self._call(marker, *arguments, at=at, line=line)
        if isinstance(at, ast.expr):
            _shrink(call, line)
        return ast.copy_location(ast.Expr(call), call)

    def _site(self, key: str, line: int, text: str = "") -> ValueSite:
        return ValueSite(self._function, key, line, text)

    def _value(self, key: str, node: ast.expr, line: int = 0, text: str = "") -> ast.Call:
        return self._call("value", self._site(key, line or node.lineno, text), node, at=node)

    def _number(self) -> int:
        self._last_number += 1
        return self._last_number

    def _decision(self, branch: Branch, number: int, texts: Sequence[str], leaves: str = "") -> DecisionSite:
        return DecisionSite(
            number, branch.function, branch.condition, branch.ordinal, branch.line, tuple(texts), leaves
        )

    # --- conditions ---------------------------------------------------------------------------------------------

    def _test(self, node: ast.expr, key: str) -> ast.expr:
        """A whole condition; one that is put together from decisions, or negated, is a value as well."""
        if not isinstance(node, ast.BoolOp) and not _is_negation(node):
            return self._condition(node)
        text = ast.unparse(node)
        return self._value(key, self._condition(node), text=text)

    def _condition(self, node: ast.expr) -> ast.expr:
        """An expression of which only the truth counts, as one that gives a bool."""
        if isinstance(node, ast.BoolOp):
            node.values = [self._condition(one) for one in node.values]
            return node
        if _is_negation(node):
            node.operand = self._condition(node.operand)
            return node
        branch = None if isinstance(node, ast.Constant) else self._table.decided_at(node)
        if branch is None:
            visited: ast.expr = self.visit(node)
            return visited if isinstance(node, ast.Constant) else _truth(visited)
        number = self._number()
        operands, texts = self._operands(node, number)
        return self._call("test", self._decision(branch, number, texts), _truth(operands), at=node)

    def _operands(self, node: ast.expr, number: int) -> tuple[ast.expr, list[str]]:
        """The expression with its operands marked, and their texts."""
        if not isinstance(node, ast.Compare):
            text = ast.unparse(node)
            return self._operand(node, number, is_first=True), [text]
        texts: list[str] = []
        parts: list[ast.expr] = []
        for part in (node.left, *node.comparators):
            if _is_constant(part):
                parts.append(part)
                continue
            text = ast.unparse(part)
            parts.append(self._operand(part, number, is_first=not texts))
            texts.append(text)
        node.left, *node.comparators = parts
        return node, texts

    def _operand(self, node: ast.expr, number: int, *, is_first: bool) -> ast.expr:
        return self._call("first" if is_first else "further", number, self.visit(node), at=node)

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        """`and` and `or` whose value counts: the operand that is reached next tells how the one before it was."""
        if not self._inside:
            return self.generic_visit(node)
        whole = self._number()
        return self._call("settled", whole, self._chained(node, whole, ()), at=node)

    def _chained(self, node: ast.BoolOp, whole: int, above: tuple[tuple[ast.BoolOp, bool], ...]) -> ast.BoolOp:
        is_and = isinstance(node.op, ast.And)
        values: list[ast.expr] = []
        for position, operand in enumerate(node.values):
            path = ((node, position == len(node.values) - 1), *above)
            if position:
                values.append(self._call("onward", whole, is_and, at=operand))
            values.append(self._chain_operand(operand, whole, path))
        node.values = values
        return node

    def _chain_operand(self, node: ast.expr, whole: int, path: tuple[tuple[ast.BoolOp, bool], ...]) -> ast.expr:
        if isinstance(node, ast.BoolOp):
            return self._chained(node, whole, path)
        leaves = [truth for truth in (True, False) if _becomes_value(path, truth)]
        branch = self._table.decided_at(node)
        if _is_negation(node) or branch is None or len(leaves) == 2 or isinstance(node, ast.Constant):
            visited: ast.expr = self.visit(node)
            return visited
        number = self._number()
        operands, texts = self._operands(node, number)
        arm = "" if not leaves else "true" if leaves[0] else "false"
        return self._call("leaf", whole, self._decision(branch, number, texts, arm), operands, at=node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        """`not` asks for the truth alone; of `and` and `or`, for that of their value."""
        if self._inside and _is_negation(node) and self._table.decided_at(node.operand) is not None:
            node.operand = self._condition(node.operand)
            return node
        return self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        """A conditional expression."""
        if not self._inside:
            return self.generic_visit(node)
        node.test = self._test(node.test, "if else")
        node.body, node.orelse = self.visit(node.body), self.visit(node.orelse)
        return node

    def visit_If(self, node: ast.If) -> ast.AST:
        """`if` and `elif`."""
        return self._branching(node, "if")

    def visit_While(self, node: ast.While) -> ast.AST:
        """Each test of the loop is a decision."""
        return self._branching(node, "while")

    def _branching(self, node: ast.If | ast.While, key: str) -> ast.AST:
        if not self._inside:
            return self.generic_visit(node)
        node.test = self._test(node.test, key)
        node.body, node.orelse = self._each(node.body), self._each(node.orelse)
        return node

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        """The message is only evaluated when it fails."""
        if not self._inside:
            return self.generic_visit(node)
        node.test = self._test(node.test, "assert")
        node.msg = node.msg and self.visit(node.msg)
        return node

    # --- loops --------------------------------------------------------------------------------------------------

    def _loop(self, node: ast.For | ast.AsyncFor) -> ast.AST:
        branch = self._table.decided_at(node.iter)
        if not self._inside or branch is None:
            return self.generic_visit(node)
        number = self._number()
        site = self._decision(branch, number, [ast.unparse(node.iter)])
        node.target = self.visit(node.target)
        node.iter = self._operand(node.iter, number, is_first=True)
        node.body = [self._statement("entered", site, at=node.iter), *self._each(node.body)]
        node.orelse = [self._statement("ended", site, at=node.iter), *self._each(node.orelse)]
        return node

    visit_For = _loop
    visit_AsyncFor = _loop

    def _comprehension(self, node: _Comprehension) -> ast.AST:
        if not self._inside:
            return self.generic_visit(node)
        for part in node.generators:
            branch = self._table.decided_at(part.iter)
            if part.is_async or branch is None:
                part.iter = self.visit(part.iter)
            else:
                number = self._number()
                site = self._decision(branch, number, [ast.unparse(part.iter)])
                part.iter = self._call("each", site, self._operand(part.iter, number, is_first=True), at=part.iter)
            part.ifs = [self._test(one, "if") for one in part.ifs]
        if isinstance(node, ast.DictComp):
            node.key, node.value = self.visit(node.key), self.visit(node.value)
        else:
            node.elt = self.visit(node.elt)
        return node

    visit_ListComp = _comprehension
    visit_SetComp = _comprehension
    visit_DictComp = _comprehension
    visit_GeneratorExp = _comprehension

    # --- match and except ---------------------------------------------------------------------------------------

    def visit_Match(self, node: ast.Match) -> ast.AST:
        """Which case took the subject is told when its guard or its body is reached."""
        if not self._inside:
            return self.generic_visit(node)
        number = self._number()
        text = ast.unparse(node.subject)
        sites = tuple(self._case(case, number, text) for case in node.cases)
        open_ended = node.cases[-1].guard is not None or not _is_irrefutable(node.cases[-1].pattern)
        node.subject = self._operand(node.subject, number, is_first=True)
        for position, case in enumerate(node.cases):
            told = (number, sites[: position + 1], position)
            if case.guard is not None:
                mark = self._call("matched", *told, at=case.guard)
                guard = self._test(case.guard, "case if")
                case.guard = ast.copy_location(ast.BoolOp(ast.And(), [mark, guard]), guard)
            case.body = self._each(case.body)
            if case.guard is None:
                case.body.insert(0, self._statement("matched", *told, at=case.pattern))
        if open_ended:
            nothing = self._statement("matched", number, sites, len(sites), at=node.subject)
            node.cases.append(ast.match_case(ast.copy_location(ast.MatchAs(), nothing), None, [nothing]))
        return node

    def _case(self, case: ast.match_case, number: int, text: str) -> DecisionSite | None:
        branch = self._table.decided_at(case.pattern)
        if branch is None or _is_irrefutable(case.pattern):
            return None
        return self._decision(branch, number, [text])

    def visit_Try(self, node: ast.Try) -> ast.AST:
        """What no `except` takes is told too, in one more that raises it again."""
        if not self._inside or not node.handlers:
            return self.generic_visit(node)
        classed = [self._handler_site(handler) for handler in node.handlers if handler.type is not None]
        sites = tuple(site for site in classed if site is not None)
        node.body = self._each(node.body)
        for position, handler in enumerate(node.handlers):
            handler.type = handler.type and self.visit(handler.type)
            is_bare = handler.type is None
            mark = self._statement("caught", self._function, sites, position, is_bare, at=handler)
            handler.body = [mark, *self._each(handler.body)]
        if node.handlers[-1].type is not None:
            mark = self._statement("caught", self._function, sites, len(sites), at=node.handlers[-1])
            again = ast.ExceptHandler(None, None, [mark, ast.copy_location(ast.Raise(), mark)])
            node.handlers.append(ast.copy_location(again, mark))
        node.orelse, node.finalbody = self._each(node.orelse), self._each(node.finalbody)
        return node

    def visit_TryStar(self, node: ast.TryStar) -> ast.AST:
        """An `except*` tells that it took something."""
        if not self._inside:
            return self.generic_visit(node)
        node.body = self._each(node.body)
        for handler in node.handlers:
            site = self._handler_site(handler)
            handler.type = handler.type and self.visit(handler.type)
            handler.body = self._each(handler.body)
            if site is not None:
                handler.body.insert(0, self._statement("caught", self._function, (site,), 0, at=handler))
        node.orelse, node.finalbody = self._each(node.orelse), self._each(node.finalbody)
        return node

    def _handler_site(self, handler: ast.ExceptHandler) -> DecisionSite | None:
        branch = self._table.decided_at(handler.type) if handler.type is not None else None
        return self._decision(branch, self._number(), [""]) if branch is not None else None

    # --- values -------------------------------------------------------------------------------------------------

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        """The value, before it is taken apart."""
        key = " = ".join(map(ast.unparse, node.targets))
        self.generic_visit(node)
        if self._inside:
            node.value = self._value(key, node.value, node.lineno)
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        """Annotations stay as they are."""
        key = ast.unparse(node.target)
        node.target = self.visit(node.target)
        if node.value is not None:
            node.value = self.visit(node.value)
            if self._inside:
                node.value = self._value(key, node.value, node.lineno)
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        """What it leaves behind, where that can be read without running code of the service; else its operand."""
        key = ast.unparse(node.target)
        self.generic_visit(node)
        if not self._inside:
            return node
        site = self._site(key, node.lineno)
        if isinstance(node.target, ast.Name):
            return [node, self._statement("value", site, ast.Name(node.target.id, ast.Load()), at=node)]
        operator = _OPERATORS.get(type(node.op), "?")
        node.value = self._value(f"{key} {operator}", node.value, node.lineno)
        held = _held(node.target)
        return (
            node if held is None else [node, self._statement("part", site._replace(text=held[0]), *held[1:], at=node)]
        )

    def visit_NamedExpr(self, node: ast.NamedExpr) -> ast.AST:
        """`:=`"""
        self.generic_visit(node)
        if self._inside:
            node.value = self._value(node.target.id, node.value, node.lineno)
        return node

    def visit_Return(self, node: ast.Return) -> Any:
        """A result; the asynchronous generator's `return` has none."""
        site = self._site("", node.lineno)
        if node.value is None:
            return [self._statement("returned", site, ast.Constant(None), at=node), node]
        node.value = self._call("returned", site, self.visit(node.value), at=node.value)
        return node

    def visit_Yield(self, node: ast.Yield) -> ast.AST:
        """What a generator gives."""
        if node.value is not None:
            node.value = self._value("yield", self.visit(node.value), node.lineno)
        return node

    def visit_YieldFrom(self, node: ast.YieldFrom) -> ast.AST:
        """What a generator hands over to."""
        node.value = self._value("yield from", self.visit(node.value), node.lineno)
        return node

    def visit_withitem(self, node: ast.withitem) -> ast.AST:
        """The context manager."""
        self.generic_visit(node)
        if self._inside:
            node.context_expr = self._value("with", node.context_expr)
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        """The arguments of a call whose result nobody takes."""
        called = node.value.value if isinstance(node.value, ast.Await) else node.value
        if not self._inside or not isinstance(called, ast.Call):
            return self.generic_visit(node)
        name = f"{_called_name(called.func)}()"
        self.generic_visit(node)
        for position, argument in enumerate(called.args, 1):
            if isinstance(argument, ast.Starred):
                argument.value = self._value(f"{name} argument *{position}", argument.value)
            else:
                called.args[position - 1] = self._value(f"{name} argument {position}", argument)
        for keyword in called.keywords:
            keyword.value = self._value(f"{name} {keyword.arg or '**'}", keyword.value)
        return node

    def visit_TypeAlias(self, node: ast.AST) -> ast.AST:
        """A type is no value."""
        return node


_OPERATORS = {
    ast.Add: "+=",
    ast.Sub: "-=",
    ast.Mult: "*=",
    ast.Div: "/=",
    ast.FloorDiv: "//=",
    ast.Mod: "%=",
    ast.Pow: "**=",
    ast.MatMult: "@=",
    ast.LShift: "<<=",
    ast.RShift: ">>=",
    ast.BitOr: "|=",
    ast.BitXor: "^=",
    ast.BitAnd: "&=",
}


def _constant(value: Any) -> Any:
    """A value as a constant of code: named tuples as plain ones."""
    return tuple(map(_constant, value)) if isinstance(value, tuple) else value


def _shrink(node: ast.expr, line: int) -> None:
    """A marker that stands for itself takes one place, not the lines of what it belongs to."""
    node.lineno = line or node.lineno
    node.end_lineno, node.end_col_offset = node.lineno, node.col_offset


def _is_negation(node: ast.expr) -> TypeGuard[ast.UnaryOp]:
    return isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)


def _truth(node: ast.expr) -> ast.expr:
    """The truth of a value, asked for once: an `if` lets the compiler join it with a chained comparison."""
    return ast.copy_location(ast.IfExp(node, ast.Constant(True), ast.Constant(False)), node)


def _held(target: ast.expr) -> tuple[str, ast.expr, ast.expr] | None:
    """Where the value of an attribute or item lies, if naming it again evaluates nothing."""
    match target:
        case ast.Attribute(value=ast.Name(id=name), attr=attribute):
            return "attribute", ast.Name(name, ast.Load()), ast.Constant(attribute)
        case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=index)):
            return "item", ast.Name(name, ast.Load()), ast.Constant(index)
        case ast.Subscript(value=ast.Name(id=name), slice=ast.Name(id=index)):
            return "item", ast.Name(name, ast.Load()), ast.Name(index, ast.Load())
        case _:
            return None


def _is_constant(node: ast.expr) -> bool:
    match node:
        case ast.Constant():
            return True
        case ast.UnaryOp(operand=operand):
            return _is_constant(operand)
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
            return all(map(_is_constant, parts))
        case _:
            return False


def _becomes_value(path: tuple[tuple[ast.BoolOp, bool], ...], truth: bool) -> bool:
    """Whether an operand of nested `and` and `or` (innermost first, and whether it is the last there) is the value."""
    return all(is_last or truth == isinstance(node.op, ast.Or) for node, is_last in path)


def _is_irrefutable(pattern: ast.pattern) -> bool:
    match pattern:
        case ast.MatchAs(pattern=None):
            return True
        case ast.MatchAs(pattern=ast.pattern() as inner):
            return _is_irrefutable(inner)
        case ast.MatchOr(patterns=patterns):
            return any(map(_is_irrefutable, patterns))
        case _:
            return False


def _called_name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _with_defaults(arguments: ast.arguments) -> list[tuple[ast.arg, ast.expr]]:
    """Parameters that have a default, with it."""
    positional = [*arguments.posonlyargs, *arguments.args]
    pairs = list(zip(positional[len(positional) - len(arguments.defaults) :], arguments.defaults, strict=True))
    named = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    return [*pairs, *((name, default) for name, default in named if default is not None)]


def _yields(function: _AnyFunction) -> bool:
    """Whether a function is a generator: nested functions have their own `yield`."""
    stack: list[ast.AST] = list(function.body)
    while stack:
        node = stack.pop()
        if isinstance(node, (ast.Yield, ast.YieldFrom)):
            return True
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            stack.extend(ast.iter_child_nodes(node))
    return False
