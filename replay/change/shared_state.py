"""State that calls share: names of modules and classes that functions change, found in the source.

Known without running anything: a function writes a name when it declares it `global` and binds it, stores into it
(`STATE[key] = …`, `STATE.attribute = …`), or calls a method on it that changes containers. What no source shows
(`setattr` with computed names, C code) is not found: this names likely causes and decides nothing.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from ...recorders.model.branches import FunctionName
from ...recorders.model.full_names import module_part
from .qualified_names import inside

StateName: TypeAlias = str
"""`module.name`, or `module.Class.name`."""

_CHANGING = frozenset(
    {"append", "extend", "insert", "remove", "pop", "clear", "update", "setdefault", "popitem", "add", "discard"}
    | {"appendleft", "popleft", "extendleft", "put", "push", "register", "set"}
)
"""Methods that change a container or a registry."""


class SharedState(NamedTuple):
    """Who reads and who writes the state of one module."""

    reads: dict[FunctionName, frozenset[StateName]]
    writes: dict[FunctionName, frozenset[StateName]]


class Writer(NamedTuple):
    """A piece of state that a trace read, and a function that sets it."""

    state: StateName
    function: FunctionName


def writers_for(functions: Sequence[FunctionName], sources: Mapping[str, str]) -> list[Writer]:
    """State that some of these functions read and that a function sets which is not among them, the last reader first.

    A function among them that sets what it reads counts too, after the others: an earlier call of it may have.
    """
    states = {module: shared_state(module, text) for module, text in sources.items()}
    written: dict[StateName, list[FunctionName]] = {}
    for state in states.values():
        for function, names in state.writes.items():
            for name in names:
                written.setdefault(name, []).append(function)
    ran = set(functions)
    strangers: dict[Writer, None] = {}
    own: dict[Writer, None] = {}
    for function in reversed(functions):
        module = module_part(function)
        reads = states[module].reads.get(function, frozenset()) if module in states else frozenset()
        for name in sorted(reads):
            for writer in written.get(name, ()):
                (own if writer in ran else strangers)[Writer(name, writer)] = None
    return [*strangers, *own]


@lru_cache(maxsize=1024)
def shared_state(module: str, source: str) -> SharedState:
    """What the functions of a module read and write of state that outlives a call; empty when it does not parse."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return SharedState({}, {})
    return _Reading(module, tree).result()


class _Reading:
    """Reads one module."""

    def __init__(self, module: str, tree: ast.Module) -> None:
        self._module = module
        self._held = dict(_bound(tree.body, module))
        """Name in the module → what it stands for, of another module where it is imported."""
        self._classes = {node.name: frozenset(name for name, _ in _bound(node.body, "")) for node in _classes(tree)}
        self._reads: dict[FunctionName, set[StateName]] = {}
        self._writes: dict[FunctionName, set[StateName]] = {}
        self._scope(tree.body, "", "")

    def result(self) -> SharedState:
        """Both tables, frozen."""
        reads, writes = (
            {function: frozenset(names) for function, names in table.items() if names}
            for table in (self._reads, self._writes)
        )
        return SharedState(reads, writes)

    def _scope(self, body: Sequence[ast.stmt], prefix: str, owner: str) -> None:
        for node in body:
            if isinstance(node, ast.ClassDef):
                self._scope(node.body, inside(node, prefix), node.name)
            elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                self._function(f"{self._module}:{prefix}{node.name}", node, owner)
                self._scope(node.body, inside(node, prefix), "")
            elif hasattr(node, "body"):
                self._scope(getattr(node, "body", []), prefix, owner)

    def _function(self, name: FunctionName, node: ast.FunctionDef | ast.AsyncFunctionDef, owner: str) -> None:
        reads, writes = self._reads.setdefault(name, set()), self._writes.setdefault(name, set())
        declared = {one for part in ast.walk(node) if isinstance(part, ast.Global) for one in part.names}
        local = _local_names(node) - declared
        for part in ast.walk(node):
            state = self._state(part, local, owner)
            if state and isinstance(getattr(part, "ctx", None), ast.Load):
                reads.add(state)
            for target in _changed_by(part):
                state = self._state(target, local, owner)
                is_bound_name = isinstance(target, ast.Name) and isinstance(target.ctx, (ast.Store, ast.Del))
                if state and (not is_bound_name or (isinstance(target, ast.Name) and target.id in declared)):
                    writes.add(state)

    def _state(self, node: ast.AST, local: set[str], owner: str) -> StateName:
        """The state that an expression stands for, or empty."""
        match node:
            case ast.Name(id=name) if name not in local and name in self._held:
                return self._held[name]
            case ast.Attribute(value=ast.Name(id=name), attr=attribute) if name in ("self", "cls") and owner:
                held = attribute in self._classes.get(owner, frozenset())
                return f"{self._module}.{owner}.{attribute}" if held else ""
            case ast.Attribute(value=ast.Name(id=name), attr=attribute) if name not in local and name in self._held:
                return f"{self._held[name]}.{attribute}"
        return ""


def _changed_by(node: ast.AST) -> Iterator[ast.expr]:
    """The expressions whose value a node changes."""
    match node:
        case ast.Name(ctx=ast.Store() | ast.Del()):
            yield node
        case ast.Subscript(value=value, ctx=ast.Store() | ast.Del()):
            yield value
        case ast.Attribute(ctx=ast.Store() | ast.Del()):
            yield node
        case ast.Call(func=ast.Attribute(value=value, attr=name)) if name in _CHANGING:
            yield value


def _local_names(node: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    arguments = node.args
    given = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    given += [one for one in (arguments.vararg, arguments.kwarg) if one is not None]
    stored = {part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}
    return stored | {one.arg for one in given}


def _classes(tree: ast.Module) -> list[ast.ClassDef]:
    return [node for node in tree.body if isinstance(node, ast.ClassDef)]


def _bound(body: Sequence[ast.stmt], module: str) -> Iterator[tuple[str, StateName]]:
    """(name, what it stands for) of what the statements of a module or class bind, functions and classes left out."""
    for node in body:
        match node:
            case ast.Assign(targets=targets):
                names = [one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name)]
                yield from ((name, f"{module}.{name}") for name in names)
            case ast.AnnAssign(target=ast.Name(id=name)) | ast.AugAssign(target=ast.Name(id=name)):
                yield name, f"{module}.{name}"
            case ast.ImportFrom(module=str(home), level=0, names=aliases):
                yield from ((alias.asname or alias.name, f"{home}.{alias.name}") for alias in aliases)
            case ast.ImportFrom(module=home, level=level, names=aliases) if level:
                package = ".".join([*module.split(".")[:-level], *([home] if home else [])])
                yield from ((alias.asname or alias.name, f"{package}.{alias.name}") for alias in aliases)
            case ast.Import(names=aliases):
                yield from ((alias.asname or alias.name.partition(".")[0], alias.name) for alias in aliases)
            case ast.If() | ast.Try() | ast.With():
                yield from _bound(node.body, module)
