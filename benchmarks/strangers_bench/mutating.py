"""Mutants of what a suite reaches: drawn with the package's name as the seed, the same on every machine."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from judging.mutants import OPERATORS as KNOWN
from judging.mutants import Edit, Mutant, Operator, Source, choose, points
from judging.places import Spot

from strangers_bench.releases import NO_PRODUCT, TEST_FILE

WORDS: Mapping[type[ast.boolop], tuple[str, str]] = {ast.And: (r"\band\b", "or"), ast.Or: (r"\bor\b", "and")}


def boolean(source: Source, spot: Spot) -> Iterator[Edit]:
    """`and` for `or`, and the other way round."""
    node = spot.node
    if isinstance(node, ast.BoolOp):
        pattern, new = WORDS[type(node.op)]
        for left, right in zip(node.values, node.values[1:], strict=False):
            yield from source.between(left, right, pattern, new)


def constant(source: Source, spot: Spot) -> Iterator[Edit]:
    """The next number, the other truth value, a longer text."""
    yield from KNOWN["constant"](source, spot)
    node = spot.node
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield source.replaced(node, repr(not node.value).encode())
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and b"\n" not in source.text(node):
        yield source.replaced(node, repr(node.value + "X").encode())


def deletion(source: Source, spot: Spot) -> Iterator[Edit]:
    """`pass` for a statement that does something; a lone constant, such as `...`, does nothing."""
    node = spot.node
    if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
        yield from KNOWN["deletion"](source, spot)


OPERATORS: Mapping[str, Operator] = {
    "comparison": KNOWN["comparison"],
    "arithmetic": KNOWN["arithmetic"],
    "boolean": boolean,
    "constant": constant,
    "return value": KNOWN["return None"],
    "condition": KNOWN["condition"],
    "deletion": deletion,
}


def is_of_product(file: str) -> bool:
    """Whether a file is no test, no example and no part of the documentation."""
    folders = PurePosixPath(file).parts[:-1]
    return not NO_PRODUCT.intersection(folders) and not TEST_FILE.search(file) and not file.endswith("conftest.py")


def covers(packages: tuple[str, ...], file: str) -> bool:
    """Whether a file of the tree belongs to one of the packages, wherever in the tree these lie."""
    path = re.sub(r"(/__init__)?\.py$", "", file)
    return any(f"/{path}/".find(f"/{name.replace('.', '/')}/") >= 0 for name in packages)


def draw(root: Path, packages: tuple[str, ...], ran: Mapping[str, set[int]], count: int, seed: str) -> list[Mutant]:
    """`count` mutants of functions of the packages that the suite ran, spread over operators and functions."""
    files = sorted(file for file in ran if is_of_product(file) and covers(packages, file))
    found = [
        point
        for file in files
        if (root / file).is_file()
        for point in points(file, (root / file).read_bytes(), ran[file], OPERATORS)
    ]
    return choose(found, count, seed, OPERATORS)
