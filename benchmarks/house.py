"""The house in figures: rooms, sizes, arrows that go back, and what is tested where it should not be.

    python benchmarks/house.py              # the working tree
    python benchmarks/house.py --at REV     # another revision beside it

Read from the sources alone, with `ast`; nothing is imported.
"""

from __future__ import annotations

import argparse
import ast
import io
import re
import subprocess
import tarfile
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
LINKS = ("pytest_runtime/recorders/", "pytest_runtime/replay/")
TOPS = ("recorders", "replay", "pytest_runtime")
ORDER = {
    "recorders": (
        *("recording scan", "probes", "entries", "session", "store", "plugins", "boundaries", "included", "tracing"),
        *("context", "patching", "privacy", "capture", "model", "options", "errors faults"),
    ),
    "replay": (
        *(
            "run inspect",
            "explore",
            "locate",
            "judge",
            "compare",
            "execute",
            "entries",
            "export",
            "world",
            "change",
            "model",
        ),
    ),
}
"""The order in which rooms may import: those before from those behind. import-linter holds it; here it is counted."""

ABOVE = {"replay/explore", "replay/inspect", "replay/run"}
"""Rooms above the core, which is imported and tested without exploring."""

KINDS = {"wsgi", "function"}
"""Kinds of entries, which only `entries` may know."""


class Size(NamedTuple):
    """Something and how large it is."""

    amount: int
    name: str

    def __str__(self) -> str:
        return f"{self.amount} ({self.name})"


class Module(NamedTuple):
    """One source file."""

    path: str
    text: str
    tree: ast.Module

    @property
    def room(self) -> str:
        parts = self.path.split("/")
        return "/".join(parts[:2]) if len(parts) > 2 else f"{parts[0]}/"

    @property
    def lines(self) -> int:
        return self.text.count("\n")


def modules_of(root: Path) -> list[Module]:
    """The modules of the product below a root."""
    found = []
    for top in TOPS:
        for path in sorted((root / top).rglob("*.py")):
            name = str(path.relative_to(root))
            if "__pycache__" not in name and not name.startswith(
                ("pytest_runtime/recorders/", "pytest_runtime/replay/")
            ):
                text = path.read_text(encoding="utf-8")
                found.append(Module(name, text, ast.parse(text)))
    return found


def length(node: ast.AST) -> int:
    """Lines of a definition."""
    return (getattr(node, "end_lineno", 0) or 0) - getattr(node, "lineno", 0) + 1


def definitions(modules: list[Module], *kinds: type[ast.AST]) -> Iterator[tuple[Module, ast.AST]]:
    """All functions or classes."""
    for module in modules:
        yield from ((module, node) for node in ast.walk(module.tree) if isinstance(node, kinds))


def attributes(node: ast.AST) -> int:
    """Attributes that the methods of a class set on `self`."""
    names = set()
    for part in ast.walk(node):
        if isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Store) and ast.unparse(part.value) == "self":
            names.add(part.attr)
    return len(names)


def targets(module: Module) -> Iterator[str]:
    """Modules that a module imports, from the top folder on: `replay.model.job`."""
    package = module.path.removesuffix(".py").split("/")[:-1]
    if package[:1] != ["pytest_runtime"]:
        package = ["pytest_runtime", *package]
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ImportFrom):
            home = package[: len(package) - node.level + 1] if node.level else []
            full = [*home, *(node.module.split(".") if node.module else [])]
            if full[:1] == ["pytest_runtime"]:
                yield from (".".join([*full[1:], alias.name]) for alias in node.names)


def back_arrows(modules: list[Module]) -> list[str]:
    """Imports against the order of rooms."""
    found = []
    for module in modules:
        top = module.path.split("/")[0]
        rank = {room: at for at, rooms in enumerate(ORDER.get(top, ())) for room in rooms.split()}
        own = module.path.split("/")[1].removesuffix(".py")
        for target in targets(module):
            parts = target.split(".")
            if parts[0] == top and len(parts) > 1 and parts[1] != own and rank.get(parts[1], 99) < rank.get(own, -1):
                found.append(f"{module.path} → {target}")
    return found


def kind_tests(modules: list[Module]) -> list[str]:
    """Comparisons with the name of a kind of entry outside of `entries`."""
    found = []
    for module, node in definitions(modules, ast.Compare):
        assert isinstance(node, ast.Compare)
        constants = {part.value for part in ast.walk(node) if isinstance(part, ast.Constant)}
        names = {getattr(part, "attr", getattr(part, "id", "")) for part in ast.walk(node)}
        if constants & KINDS and "kind" in names and "/entries/" not in module.path:
            found.append(f"{module.path}:{node.lineno}")
    return found


def figures(root: Path) -> dict[str, object]:
    """Everything that is printed of one tree."""
    modules = modules_of(root)
    functions = [
        Size(length(node), f"{module.path}:{node.name}")  # type: ignore[attr-defined]  # functions have names
        for module, node in definitions(modules, ast.FunctionDef, ast.AsyncFunctionDef)
    ]
    classes = [(module, node) for module, node in definitions(modules, ast.ClassDef)]
    lines = sum(module.lines for module in modules)
    any_uses = sum(len(re.findall(r"\bAny\b", module.text)) for module in modules)
    rooms = Counter(module.room for module in modules)
    sizes = Counter[str]()
    for module in modules:
        sizes[module.room] += module.lines
    core = [module for module in modules if module.path.startswith("replay/") and module.room not in ABOVE]
    explores = {module.path for module in core if any(".explore" in f".{target}" for target in targets(module))}
    return {
        "modules": len(modules),
        "lines": lines,
        "rooms": len(rooms),
        "modules of the largest room": max(Size(count, room) for room, count in rooms.items()),
        "longest module": max(Size(module.lines, module.path) for module in modules),
        "modules over 400 lines": sum(module.lines > 400 for module in modules),
        "longest function": max(functions),
        "functions over 50 lines": sum(size.amount > 50 for size in functions),
        "longest class": max(Size(length(node), f"{module.path}:{node.name}") for module, node in classes),  # type: ignore[attr-defined]
        "classes over 200 lines": sum(length(node) > 200 for _module, node in classes),
        "most attributes": max(Size(attributes(node), f"{module.path}:{node.name}") for module, node in classes),  # type: ignore[attr-defined]
        "classes over 12 attributes": sum(attributes(node) > 12 for _module, node in classes),
        "tests of an entry kind outside entries": len(kind_tests(modules)),
        "imports against the order of rooms": len(back_arrows(modules)),
        "modules of the core that import explore": len(explores),
        "Any per 1,000 lines": round(1000 * any_uses / lines, 1),
        "modules that open with a formula": sum("This file is about" in module.text for module in modules),
    }


def exported(revision: str, folder: Path) -> Path:
    """The files of a revision, in a folder."""
    archive = subprocess.run(["git", "archive", revision], cwd=ROOT, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--at", metavar="REV", help="a revision to put beside the working tree")
    parser.add_argument("--list", action="store_true", help="what is too large or goes back, one a line")
    options = parser.parse_args()
    columns = {"here": figures(ROOT)}
    if options.at:
        with tempfile.TemporaryDirectory() as folder:
            columns = {options.at: figures(exported(options.at, Path(folder))), **columns}
    print(f"| figure | {' | '.join(columns)} |\n|---|{'---|' * len(columns)}")
    for name in columns["here"]:
        print(f"| {name} | {' | '.join(str(column[name]) for column in columns.values())} |")
    if options.list:
        modules = modules_of(ROOT)
        print()
        for module in modules:
            if module.lines > 400:
                print(f"{module.path}: {module.lines} lines")
        for module, node in definitions(modules, ast.FunctionDef, ast.ClassDef):
            if isinstance(node, ast.ClassDef) and (length(node) > 200 or attributes(node) > 12):
                print(f"{module.path}: class {node.name}: {length(node)} lines, {attributes(node)} attributes")
            elif isinstance(node, ast.FunctionDef) and length(node) > 50:
                print(f"{module.path}: {node.name}(): {length(node)} lines")
        print(*kind_tests(modules), *back_arrows(modules), sep="\n")


if __name__ == "__main__":
    main()
