"""Refactorings: edits of one function that, done right, nobody can see from outside.

Each takes a file and a function, and yields the whole file for every place where it can be done. They are simple
on purpose and know little: whether an edit is harmless is decided by the oracle, which throws away what it can see.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise

from judging.mutants import Source
from judging.places import functions, is_docstring
from judging.rewriting import (
    COMPREHENSIONS,
    SCOPES,
    SUSPENDING,
    assigned,
    blocks,
    edited,
    has,
    indented,
    name,
    names,
    parameters,
    replaced,
    stands_alone,
)

Function = ast.FunctionDef | ast.AsyncFunctionDef
Refactoring = Callable[[Source, Function], Iterator[bytes]]
LITERAL = (ast.Constant, ast.Name, ast.Attribute, ast.BinOp, ast.List, ast.Dict, ast.Tuple)


def rename_local(source: Source, function: Function) -> Iterator[bytes]:
    found = [one for one in ast.walk(function) if isinstance(one, ast.Name)]
    hidden = {one.id for text in ast.walk(function) if isinstance(text, ast.JoinedStr) for one in _names_in(text)}
    fixed = {*parameters(function), *_bound_otherwise(function), *hidden}
    if any(has(one, SCOPES) for one in function.body):
        return
    for local in names(function, ast.Store):
        if local not in fixed:
            edits = [(source.end(one), source.end(one), b"_renamed") for one in found if one.id == local]
            yield edited(source, edits)


def _names_in(node: ast.AST) -> list[ast.Name]:
    return [one for one in ast.walk(node) if isinstance(one, ast.Name)]


def _bound_otherwise(function: Function) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.Global | ast.Nonlocal):
            yield from node.names
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            yield node.name
        elif isinstance(node, ast.alias):
            yield (node.asname or node.name).split(".")[0]


def add_type_hint(source: Source, function: Function) -> Iterator[bytes]:
    for block in blocks(function):
        for one in block:
            if isinstance(one, ast.Assign) and len(one.targets) == 1 and isinstance(one.targets[0], ast.Name):
                end = source.end(one.targets[0])
                yield edited(source, [(end, end, b": object")])


def add_local(source: Source, function: Function) -> Iterator[bytes]:
    for block in blocks(function):
        for one in block:
            if isinstance(one, ast.Return) and one.value is not None and not isinstance(one.value, ast.Constant):
                yield from replaced(source, [one], [assigned("outcome", one.value), ast.Return(name("outcome"))])


def add_logging(source: Source, function: Function) -> Iterator[bytes]:
    body = function.body[1:] if is_docstring(function.body[0]) else function.body
    if not body or not stands_alone(source, body[:1]):
        return
    begin = source.begin(body[0])
    call = f'logging.getLogger(__name__).debug("%s is called", "{function.name}")\n' + " " * body[0].col_offset
    top = _after_imports_of_future(source)
    yield edited(source, [(begin, begin, call.encode()), (top, top, b"import logging\n")])


def _after_imports_of_future(source: Source) -> int:
    """Where an import may be added."""
    first = 0
    for position, one in enumerate(source.tree.body):
        future = isinstance(one, ast.ImportFrom) and one.module == "__future__"
        if not (future or (position == 0 and is_docstring(one))):
            break
        first = source.end(one) + 1
    return first


def conditional_to_if(source: Source, function: Function) -> Iterator[bytes]:
    for block in blocks(function):
        for one in block:
            if isinstance(one, ast.Assign | ast.Return) and isinstance(one.value, ast.IfExp):
                yes, no = copy.copy(one), copy.copy(one)
                yes.value, no.value = one.value.body, one.value.orelse
                yield from replaced(source, [one], [ast.If(one.value.test, [yes], [no])])


def if_to_conditional(source: Source, function: Function) -> Iterator[bytes]:
    for block in blocks(function):
        for one in block:
            if not (isinstance(one, ast.If) and len(one.body) == 1 and len(one.orelse) == 1):
                continue
            yes, no = one.body[0], one.orelse[0]
            if isinstance(yes, ast.Assign) and isinstance(no, ast.Assign):
                if [ast.dump(target) for target in yes.targets] == [ast.dump(target) for target in no.targets]:
                    yield from replaced(
                        source, [one], [ast.Assign(yes.targets, ast.IfExp(one.test, yes.value, no.value))]
                    )
            elif isinstance(yes, ast.Return) and isinstance(no, ast.Return) and yes.value and no.value:
                yield from replaced(source, [one], [ast.Return(ast.IfExp(one.test, yes.value, no.value))])


def if_to_match(source: Source, function: Function) -> Iterator[bytes]:
    """A chain of comparisons of one name with literals."""
    for block in blocks(function):
        for one in block:
            cases, subject = _cases(one)
            if cases and subject:
                yield from replaced(source, [one], [ast.Match(name(subject), cases)])


def _cases(statement: ast.stmt) -> tuple[list[ast.match_case], str]:
    cases: list[ast.match_case] = []
    subject, rest = "", [statement]
    while len(rest) == 1 and isinstance(rest[0], ast.If):
        test = rest[0].test
        if not (isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) and len(test.ops) == 1):
            break
        value = test.comparators[0]
        if not (isinstance(test.ops[0], ast.Eq) and isinstance(value, ast.Constant)):
            break
        if not isinstance(value.value, str | int) or subject not in ("", test.left.id):
            break
        subject = test.left.id
        cases.append(ast.match_case(ast.MatchValue(value), None, rest[0].body))
        rest = rest[0].orelse
    if cases and rest:
        cases.append(ast.match_case(ast.MatchAs(), None, rest))
    return cases, subject


def comprehension_to_loop(source: Source, function: Function) -> Iterator[bytes]:
    for block in blocks(function):
        for one in block:
            if not (isinstance(one, ast.Assign | ast.Return) and isinstance(one.value, ast.ListComp)):
                continue
            if isinstance(one, ast.Assign) and not (len(one.targets) == 1 and isinstance(one.targets[0], ast.Name)):
                continue
            if len(one.value.generators) == 1:
                yield from replaced(source, [one], _as_loop(one, one.value))


def _as_loop(one: ast.Assign | ast.Return, value: ast.ListComp) -> list[ast.stmt]:
    generator = value.generators[0]
    append = ast.Expr(ast.Call(ast.Attribute(name("collected"), "append", ast.Load()), [value.elt], []))
    body: list[ast.stmt] = [append]
    for test in reversed(generator.ifs):
        body = [ast.If(test, body, [])]
    last = copy.copy(one)
    last.value = name("collected")
    loop = ast.For(generator.target, generator.iter, body, [])
    return [assigned("collected", ast.List([], ast.Load())), loop, last]


def loop_to_comprehension(source: Source, function: Function) -> Iterator[bytes]:
    for block in blocks(function):
        for first, loop in pairwise(block):
            value = _as_comprehension(first, loop)
            if value is not None and isinstance(first, ast.Assign):
                yield from replaced(source, [first, loop], [ast.Assign(first.targets, value)])


def _as_comprehension(first: ast.stmt, loop: ast.stmt) -> ast.ListComp | None:
    """`x = []; for a in b: x.append(c)`, with or without an `if`."""
    if not (isinstance(first, ast.Assign) and isinstance(first.targets[0], ast.Name) and isinstance(loop, ast.For)):
        return None
    if not (isinstance(first.value, ast.List) and not first.value.elts and len(loop.body) == 1 and not loop.orelse):
        return None
    inner, ifs = loop.body[0], list[ast.expr]()
    if isinstance(inner, ast.If) and len(inner.body) == 1 and not inner.orelse:
        ifs, inner = [inner.test], inner.body[0]
    if not (isinstance(inner, ast.Expr) and isinstance(inner.value, ast.Call) and len(inner.value.args) == 1):
        return None
    if ast.unparse(inner.value.func) != f"{first.targets[0].id}.append":
        return None
    return ast.ListComp(inner.value.args[0], [ast.comprehension(loop.target, loop.iter, ifs, 0)])


def split_condition(source: Source, function: Function) -> Iterator[bytes]:
    for block in blocks(function):
        for one in block:
            if not (isinstance(one, ast.If) and isinstance(one.test, ast.BoolOp) and not one.orelse):
                continue
            first, *rest = one.test.values
            if isinstance(one.test.op, ast.And):
                test = rest[0] if len(rest) == 1 else ast.BoolOp(ast.And(), rest)
                yield from replaced(source, [one], [ast.If(first, [ast.If(test, one.body, [])], [])])


def early_return(source: Source, function: Function) -> Iterator[bytes]:
    """What follows an `else` after a return needs none."""
    for block in blocks(function):
        for one in block:
            if isinstance(one, ast.If) and one.orelse and isinstance(one.body[-1], ast.Return | ast.Raise):
                yield from replaced(source, [one], [ast.If(one.test, one.body, []), *one.orelse])


def flip_condition(source: Source, function: Function) -> Iterator[bytes]:
    for block in blocks(function):
        for one in block:
            if isinstance(one, ast.If) and one.orelse and not isinstance(one.orelse[0], ast.If):
                flipped = ast.If(ast.UnaryOp(ast.Not(), one.test), one.orelse, one.body)
                yield from replaced(source, [one], [flipped])


def reorder(source: Source, function: Function) -> Iterator[bytes]:
    """Two neighbouring assignments that have nothing to do with each other."""
    for block in blocks(function):
        for first, second in pairwise(block):
            if _is_simple(first) and _is_simple(second):
                written = {*names(first, ast.Store)}, {*names(second, ast.Store)}
                read = {*names(first, ast.Load)}, {*names(second, ast.Load)}
                if not (written[0] & (read[1] | written[1]) or written[1] & read[0]):
                    yield from replaced(source, [first, second], [second, first])


def _is_simple(one: ast.stmt) -> bool:
    return isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name) and isinstance(one.value, LITERAL)


def extract_function(source: Source, function: Function) -> Iterator[bytes]:
    """An expression becomes a function of the local names in it."""
    local = {*parameters(function), *names(function, ast.Store)}
    outer = next(one for one in source.tree.body if function in ast.walk(one))
    for block in blocks(function):
        for one in block:
            value = one.value if isinstance(one, ast.Assign | ast.Return) else None
            if value is None or has(value, (*SUSPENDING, *COMPREHENSIONS, ast.Lambda)) or len([*ast.walk(value)]) < 5:
                continue
            if "super()" in ast.unparse(value):
                continue
            given = [one for one in names(value, ast.Load) if one in local]
            helper = f"\n\n\ndef _extracted({', '.join(given)}):\n    return {ast.unparse(value)}\n"
            call = f"_extracted({', '.join(given)})".encode()
            end = source.end(outer)
            yield edited(source, [(source.begin(value), source.end(value), call), (end, end, helper.encode())])


def inline_function(source: Source, function: Function) -> Iterator[bytes]:
    """Calls of a function that is one expression, with plain arguments."""
    body = function.body[1:] if is_docstring(function.body[0]) else function.body
    if len(body) != 1 or not isinstance(body[0], ast.Return) or body[0].value is None or function.decorator_list:
        return
    value, given = body[0].value, parameters(function)
    if has(value, (*SUSPENDING, *COMPREHENSIONS, ast.Lambda)):
        return
    for call in ast.walk(source.tree):
        if isinstance(call, ast.Call) and not call.keywords and all(isinstance(one, ast.Name) for one in call.args):
            arguments = _arguments(call, function.name, given)
            if arguments is not None:
                text = ast.unparse(_Substitution(arguments).visit(copy.deepcopy(value)))
                yield edited(source, [(source.begin(call), source.end(call), f"({text})".encode())])


def _arguments(call: ast.Call, wanted: str, given: list[str]) -> dict[str, ast.expr] | None:
    values: list[ast.expr] = list(call.args)
    if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name) and call.func.attr == wanted:
        if call.func.value.id != "self" or given[:1] != ["self"]:
            return None
        values.insert(0, call.func.value)
    elif not (isinstance(call.func, ast.Name) and call.func.id == wanted):
        return None
    return dict(zip(given, values, strict=True)) if len(given) == len(values) else None


class _Substitution(ast.NodeTransformer):
    def __init__(self, values: Mapping[str, ast.expr]) -> None:
        self._values = values

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self._values.get(node.id, node)


def memoise(source: Source, function: Function) -> Iterator[bytes]:
    if function in source.tree.body and not function.decorator_list and parameters(function):
        begin, top = source.begin(function), _after_imports_of_future(source)
        yield edited(source, [(begin, begin, b"@functools.cache\n"), (top, top, b"import functools\n")])


def long_assignment(source: Source, function: Function) -> Iterator[bytes]:
    for block in blocks(function):
        for one in block:
            if isinstance(one, ast.AugAssign) and isinstance(one.target, ast.Name):
                value = ast.BinOp(name(one.target.id), one.op, one.value)
                yield from replaced(source, [one], [assigned(one.target.id, value)])


def reformat(source: Source, function: Function) -> Iterator[bytes]:
    """One function as Python itself would write it; comments go."""
    if not function.decorator_list and stands_alone(source, [function]):
        begin, end = source.begin(function), source.end(function)
        yield edited(source, [(begin, end, indented([function], function.col_offset))])


def move_function(source: Source, function: Function) -> Iterator[bytes]:
    """To the end of the file, where nothing is run in between that needs it."""
    if function in source.tree.body and not function.decorator_list and not function.args.defaults:
        begin, end = source.begin(function), source.end(function)
        rest = source.content[:begin] + source.content[end:]
        yield rest.rstrip() + b"\n\n\n" + source.content[begin:end] + b"\n"


def comment_above(source: Source, function: Function) -> Iterator[bytes]:
    """Everything below moves by some lines."""
    if stands_alone(source, function.body[:1]) and not is_docstring(function.body[0]):
        begin = source.begin(function.body[0])
        indent = b" " * function.body[0].col_offset
        yield edited(source, [(begin, begin, b"# Moved by a comment\n" + indent + b"# of two lines.\n" + indent)])


REFACTORINGS: Mapping[str, Refactoring] = {
    "rename a local": rename_local,
    "extract a function": extract_function,
    "inline a function": inline_function,
    "reorder statements": reorder,
    "reformat a function": reformat,
    "add logging": add_logging,
    "conditional expression to if": conditional_to_if,
    "if to conditional expression": if_to_conditional,
    "if to match": if_to_match,
    "comprehension to loop": comprehension_to_loop,
    "loop to comprehension": loop_to_comprehension,
    "memoise": memoise,
    "add a type hint": add_type_hint,
    "add a local": add_local,
    "split a condition": split_condition,
    "early return": early_return,
    "flip a condition": flip_condition,
    "augmented assignment written out": long_assignment,
    "move a function": move_function,
    "comment above": comment_above,
}


def rename_private(sources: Mapping[str, bytes], wanted: str) -> dict[str, bytes]:
    """A private function or method under another name, wherever in the package it is used."""
    changes = {}
    for file, content in sources.items():
        source = Source(file, content)
        edits = [*_uses(source, wanted)]
        if edits:
            changes[file] = edited(source, edits)
    return changes


def _uses(source: Source, wanted: str) -> Iterator[tuple[int, int, bytes]]:
    new = f"{wanted}_renamed".encode()
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == wanted:
            begin = source.content.index(wanted.encode(), source.begin(node))
            yield begin, begin + len(wanted), new
        elif (isinstance(node, ast.Name) and node.id == wanted) or (
            isinstance(node, ast.Attribute) and node.attr == wanted
        ):
            yield source.end(node) - len(wanted.encode()), source.end(node), new
        elif isinstance(node, ast.alias) and node.name == wanted and node.asname is None:
            yield source.begin(node), source.end(node), new


def private_names(sources: Mapping[str, bytes]) -> list[str]:
    found = [
        function.name for file, content in sources.items() for _, function in functions(Source(file, content).tree)
    ]
    return sorted({one for one in found if one.startswith("_") and not one.endswith("__")})
