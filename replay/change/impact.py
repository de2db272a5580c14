"""What a change can reach beyond the functions that it changes: everything that statements do when they are loaded.

Code outside functions runs once and is shared by every trace, whoever imports it: plug-ins that `pkgutil` finds, a
module that sets a constant of another, a registry that a decorator fills. No import graph shows that. So a changed
statement reaches everything, unless all that it does is seen: it binds names to plain values, and no other statement
that is loaded reads these names; then it reaches the functions that mention them. A name that no function mentions may
be read by code outside (settings of a framework), and reaches everything too.
"""

from __future__ import annotations

import ast
import builtins
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from ...recorders.model.branches import FunctionName
from .annotations import changed_annotations
from .decorators import is_inert_decorator
from .definitions import take_definitions
from .source_diff import bare_tree

_INERT_CALLS = frozenset(
    {"Decimal", "decimal.Decimal", "Fraction", "fractions.Fraction", "frozenset", "set", "tuple", "list", "dict"}
    | {"timedelta", "datetime.timedelta", "date", "datetime.date", "re.compile", "Path", "pathlib.Path", "int"}
    | {"float", "str", "bytes", "range", "namedtuple", "collections.namedtuple", "TypeVar", "NewType", "getLogger"}
    | {"logging.getLogger"}
)
"""What makes a plain value and does nothing else, by the names that everybody gives it."""


class ChangedStatement(NamedTuple):
    """A changed statement outside functions."""

    module: str
    line: int
    """Of the candidate; of a removed one, of base."""
    text: str
    """Its first line as it is written."""
    owner: str
    """The class that it stands in, empty in a module."""


class Impact(NamedTuple):
    """What a change can reach by what it loads."""

    statements: tuple[ChangedStatement, ...]
    """Changed statements, by module and line."""
    functions: Mapping[FunctionName, str]
    """Functions that mention what changed statements bind → how that is called."""
    everything: str
    """Why everything that was loaded can be reached, as a sentence, or empty."""


def impact_of(old: Mapping[str, str], new: Mapping[str, str]) -> Impact:
    """The impact of a change between two versions of the included modules (module → text)."""
    statements: list[ChangedStatement] = []
    names: set[str] = set()
    reasons: list[str] = []
    for module in sorted({*old, *new}):
        before, after = old.get(module), new.get(module)
        if before == after:
            continue
        if before is None or after is None:
            reasons += _whole_module(module, old, new)
            continue
        try:
            left, right = read_module(before), read_module(after)
        except SyntaxError:
            reasons.append(f"{module} cannot be parsed")
            continue
        statements += _changed(module, left, right)
        for hint in changed_annotations(before, after):
            statements.append(ChangedStatement(module, hint.line, hint.text, hint.owner))
            reasons.append(f"an annotation of {module} changed that code may read when it is loaded: {hint.text}")
        binds, reason = _bound(module, left, right)
        names |= binds
        reasons += [reason] if reason else []
    functions, loaded = _mentioning({**old, **new}, names) if names else ({}, set())
    mentioned = {name for used in functions.values() for name in used}
    for name in sorted(names):
        if name in loaded:
            reasons.append(f"statements that are run when the code is loaded use {name}, which changed")
        elif name not in mentioned:
            reasons.append(f"{name} changed, which no included function mentions: other code may read it")
    reached = {function: f"it uses {sorted(used)[0]}, which changed" for function, used in functions.items()}
    return Impact(tuple(statements), reached, reasons[0] if reasons else "")


def _whole_module(module: str, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    """Why a new or removed module may reach everything. One that is imported by name is a change of its importer."""
    name = module.rpartition(".")[2]
    importing = (text for text in {**old, **new}.values() if name in text)
    if module in old:
        yield f"{module} is gone"
    elif not any(name in read_imports(text) for text in importing):
        yield f"{module} is new, and nothing imports it by name: it may be loaded as a plug-in"


# --- one module ------------------------------------------------------------------------------------------------------


class _Part(NamedTuple):
    """A statement that is run when its module is loaded."""

    line: int
    text: str
    owner: str
    binds: frozenset[str] | None
    """Names that it binds to plain values; `None` where it may do more."""
    targets: frozenset[str] = frozenset()
    """Names that it assigns to, whatever else it does."""
    is_import: bool = False


class Module(NamedTuple):
    """What a module does when it is loaded, and what its functions mention."""

    parts: Mapping[str, _Part]
    """Syntax tree as text, and how many of the same stand before it → statement."""
    handed: frozenset[str]
    """Functions with the decorators that may hand them to somebody, as text."""
    methods: Mapping[str, bool]
    """Method of a class → whether a new one of its kind can only be called by name."""
    functions: Mapping[str, frozenset[str]]
    """Function → names and attributes that it mentions."""
    loaded: frozenset[str]
    """Names that are read when it is loaded."""


@lru_cache(maxsize=1024)
def read_module(source: str) -> Module:
    """A module's text, read. Raises `SyntaxError`."""
    reading = _Reading(source.splitlines())
    reading.body(bare_tree(source).body, "", "", is_plain=True)
    return Module(
        reading.parts,
        frozenset(reading.handed),
        reading.methods,
        reading.functions,
        frozenset(reading.loaded),
    )


@lru_cache(maxsize=1024)
def read_imports(source: str) -> frozenset[str]:
    """The last parts of all names that a module imports, and its string constants: it may import by those."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return frozenset()
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            found.update(alias.name.rpartition(".")[2] for alias in node.names)
            found.add((getattr(node, "module", None) or "").rpartition(".")[2])
    return frozenset(found)


class _Reading:
    """Reads the statements of a module and its classes."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self.parts: dict[str, _Part] = {}
        self._same: Counter[str] = Counter()
        self.handed: set[str] = set()
        self.methods: dict[str, bool] = {}
        self.functions: dict[str, frozenset[str]] = {}
        self.loaded: set[str] = set()

    def body(self, body: list[ast.stmt], prefix: str, owner: str, *, is_plain: bool) -> None:
        """`is_plain` says whether nothing but included functions can see what is bound here."""
        for node in body:
            match node:
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    self._function(node, prefix, is_plain=is_plain)
                case ast.ClassDef():
                    self._class(node, prefix)
                case ast.Pass() | ast.Expr(value=ast.Constant()):
                    pass
                case _:
                    self.body(list(take_definitions(node)), prefix, owner, is_plain=is_plain)
                    self._statement(node, prefix, owner, is_plain=is_plain)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef, prefix: str, *, is_plain: bool) -> None:
        name = f"{prefix}{node.name}"
        self.functions[name] = self.functions.get(name, frozenset()).union(_mentions(node))  # a property has several
        handing = [ast.unparse(one) for one in node.decorator_list if not is_inert_decorator(one)]
        if handing:
            self.handed.add(f"{name} {handing}")
        is_special = node.name.startswith("__") and node.name.endswith("__")
        if prefix or is_special:
            self.methods[name] = is_plain and not is_special

    def _class(self, node: ast.ClassDef, prefix: str) -> None:
        head = [*node.decorator_list, *node.bases, *node.keywords]
        bases = {ast.unparse(base) for base in node.bases}
        is_plain = not node.keywords and all(is_inert_decorator(one) for one in node.decorator_list)
        is_plain = is_plain and all(_is_inert_base(base) for base in bases)
        text = f"class {prefix}{node.name} {[ast.dump(part) for part in head]}"
        binds = frozenset({node.name}) if is_plain and not prefix else None
        self._add(text, _Part(node.lineno, self._line(node.lineno), prefix.rstrip("."), binds))
        self.loaded.update(name for part in head for name in _mentions(part))
        self.body(node.body, f"{prefix}{node.name}.", f"{prefix}{node.name}", is_plain=is_plain)

    def _statement(self, node: ast.stmt, prefix: str, owner: str, *, is_plain: bool) -> None:
        binds = _plainly_bound(node) if is_plain else None
        is_import = isinstance(node, (ast.Import, ast.ImportFrom))
        part = _Part(node.lineno, self._line(node.lineno), owner, binds, frozenset(_assigned(node)), is_import)
        self._add(f"{prefix} {ast.dump(node)}", part)
        if not is_import:
            self.loaded.update(_mentions(node, reading=True))

    def _add(self, text: str, part: _Part) -> None:
        """What stands there twice is two statements."""
        self.parts[f"{text} {self._same[text]}"] = part
        self._same[text] += 1

    def _line(self, number: int) -> str:
        return self._lines[number - 1].strip() if number <= len(self._lines) else ""


def _is_inert_base(text: str) -> bool:
    known = getattr(builtins, text, None)
    return text in ("NamedTuple", "typing.NamedTuple", "Protocol", "ABC", "abc.ABC") or isinstance(known, type)


def _plainly_bound(node: ast.stmt) -> frozenset[str] | None:
    """The names that a statement binds to plain values; `None` where it may do more than that."""
    match node:
        case ast.Assign(targets=targets, value=value) if _is_plain(value):
            if all(isinstance(target, ast.Name) for target in targets):
                return frozenset(target.id for target in targets if isinstance(target, ast.Name))
        case ast.AnnAssign(target=ast.Name(id=name), value=value) if value is None or _is_plain(value):
            return frozenset({name})
        case ast.Import(names=aliases):
            return frozenset((alias.asname or alias.name).partition(".")[0] for alias in aliases)
        case ast.ImportFrom(names=aliases) if not any(alias.name == "*" for alias in aliases):
            return frozenset(alias.asname or alias.name for alias in aliases)
    return None


def _assigned(node: ast.stmt) -> Iterator[str]:
    stored = (part for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store))
    yield from (part.id for part in stored)


def _is_plain(node: ast.expr) -> bool:
    """Whether nothing is run by computing a value but what makes standard values."""
    for part in ast.walk(node):
        if isinstance(part, ast.Call) and ast.unparse(part.func) not in _INERT_CALLS:
            return False
        if isinstance(part, (ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr, ast.Lambda)):
            return False
    return True


def _mentions(node: ast.AST, *, reading: bool = False) -> Iterator[str]:
    """Names and attributes in a tree; with `reading`, those only that are read."""
    for part in ast.walk(node):
        if reading and not isinstance(getattr(part, "ctx", ast.Load()), ast.Load):
            continue
        if isinstance(part, ast.Name):
            yield part.id
        elif isinstance(part, ast.Attribute):
            yield part.attr


# --- two versions ----------------------------------------------------------------------------------------------------


def _changed(module: str, before: Module, after: Module) -> Iterator[ChangedStatement]:
    for text, part in after.parts.items():
        if text not in before.parts:
            yield ChangedStatement(module, part.line, part.text, part.owner)
    for text, part in before.parts.items():
        if text not in after.parts and not _is_replaced(part, after):
            yield ChangedStatement(module, part.line, part.text, part.owner)
    for part in _moved(before, after)[:1]:
        yield ChangedStatement(module, part.line, part.text, part.owner)


def _moved(before: Module, after: Module) -> list[_Part]:
    """Statements of both versions that stand in another order, as fields of a dataclass may; imports are none."""
    here = [text for text, part in after.parts.items() if text in before.parts and not part.is_import]
    there = [text for text, part in before.parts.items() if text in after.parts and not part.is_import]
    return [after.parts[text] for text, other in zip(here, there, strict=True) if text != other]


def _is_replaced(part: _Part, after: Module) -> bool:
    """Whether the other version binds the same name: then that is the changed statement."""
    same = (one for one in after.parts.values() if one.owner == part.owner)
    return bool(part.targets) and any(one.targets == part.targets for one in same)


def _bound(module: str, before: Module, after: Module) -> tuple[set[str], str]:
    """(names that changed statements bind, why they may do more, or empty)."""
    names: set[str] = set()
    new_classes = {part.owner for part in after.parts.values()} - {part.owner for part in before.parts.values()}
    changed = [part for text, part in after.parts.items() if text not in before.parts]
    changed += [part for text, part in before.parts.items() if text not in after.parts]
    for part in changed:
        if part.owner and part.owner in new_classes:
            continue  # of a class that is new as a whole
        if part.binds is None:
            return names, f"a statement of {module} changed that is run when the code is loaded: {part.text}"
        names |= part.binds
    for part in _moved(before, after):
        return names, f"a statement of {module} moved that is run when the code is loaded: {part.text}"
    for text in sorted(before.handed ^ after.handed):
        return names, f"a decorator of {module} changed: {text.partition(' ')[0]}"
    for method in sorted(before.methods.keys() ^ after.methods.keys()):
        owner = method.rpartition(".")[0]
        is_called_by_name = after.methods.get(method, before.methods.get(method, False))
        if owner not in new_classes and not is_called_by_name:
            now = "new" if method in after.methods else "gone"
            return names, f"{module}.{method} is {now}, which may be called without being named"
    added = {name for name in after.functions.keys() - before.functions.keys() if "." not in name}
    shadowing = {name for name in added if any(name in used for used in before.functions.values())}
    return names | shadowing, ""


def _mentioning(sources: Mapping[str, str], names: Collection[str]) -> tuple[dict[FunctionName, set[str]], set[str]]:
    """(function → those of some names that it mentions, those that are read when a module is loaded)."""
    found: dict[FunctionName, set[str]] = {}
    loaded: set[str] = set()
    for module, text in sources.items():
        if not any(name in text for name in names):
            continue
        try:
            read = read_module(text)
        except SyntaxError:
            continue
        loaded |= read.loaded & set(names)
        for function, used in read.functions.items():
            if inside := used & set(names):
                found[f"{module}:{function}"] = set(inside)
    return found, loaded
