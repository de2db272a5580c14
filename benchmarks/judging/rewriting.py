"""Rewriting: statements of a file replaced by others, with the text around them left alone."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator, Sequence

from judging.mutants import Edit, Source

SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
SUSPENDING = (ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr)


def edited(source: Source, edits: Sequence[Edit]) -> bytes:
    """The file with all edits, which must not overlap."""
    content = source.content
    for begin, end, new in sorted(edits, reverse=True):
        content = content[:begin] + new + content[end:]
    return content


def replaced(source: Source, old: Sequence[ast.stmt], new: Sequence[ast.stmt]) -> Iterator[bytes]:
    """The file with neighbouring statements replaced, if they stand on lines of their own."""
    if stands_alone(source, old) and not any(has(one, SCOPES) for one in old):
        yield edited(source, [(source.begin(old[0]), source.end(old[-1]), indented(new, old[0].col_offset))])


def stands_alone(source: Source, old: Sequence[ast.stmt]) -> bool:
    """Whether nothing else stands on the lines of the statements, and none continues another as an `elif` does."""
    begin, end = source.begin(old[0]), source.end(old[-1])
    before = source.content[source.content.rfind(b"\n", 0, begin) + 1 : begin]
    after = source.content[end:].split(b"\n", 1)[0].strip()
    continues = any(source.text(one).startswith(b"elif") for one in old)
    return not continues and not before.strip() and (not after or after.startswith(b"#"))


def indented(statements: Sequence[ast.stmt], column: int) -> bytes:
    """Statements as text; the first line is not indented, as it stands where the old one stood."""
    text = "\n".join(ast.unparse(ast.fix_missing_locations(one)) for one in statements)
    return textwrap.indent(text, " " * column).lstrip().encode()


def blocks(node: ast.AST) -> Iterator[list[ast.stmt]]:
    """All lists of statements under a node, without those of inner functions and classes."""
    for name in ("body", "orelse", "finalbody"):
        block = getattr(node, name, None)
        if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
            yield block
            for statement in block:
                if not isinstance(statement, SCOPES):
                    yield from blocks(statement)
    for handler in getattr(node, "handlers", []):
        yield from blocks(handler)


def has(node: ast.AST, kinds: tuple[type[ast.AST], ...]) -> bool:
    return any(isinstance(one, kinds) for one in ast.walk(node))


def names(node: ast.AST, context: type[ast.expr_context]) -> list[str]:
    """Names that are read or written, in order, each once."""
    found = [one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, context)]
    return list(dict.fromkeys(found))


def parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    given = function.args
    every = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
    return [one.arg for one in every if one is not None]


def name(text: str) -> ast.Name:
    return ast.Name(text, ast.Load())


def assigned(text: str, value: ast.expr) -> ast.Assign:
    return ast.Assign([ast.Name(text, ast.Store())], value)
