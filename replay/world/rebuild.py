"""Rebuilding: live values from value trees, for the code under test.

A baseline may be hostile. Only what the resolver finds is ever built, none of it by calling its class: state is put
into a bare instance. Values of known types are built by the builders of their kinds (`adapters`). Everything else is
refused, and named.
"""

from __future__ import annotations

import collections
import contextlib
import enum
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from ...recorders.model.full_names import module_part
from ...recorders.model.value_tree import (
    AnchorNode,
    BytesNode,
    DictNode,
    EnumNode,
    FrozenSetNode,
    GlobalNode,
    ListNode,
    ObjectNode,
    OpaqueNode,
    RefNode,
    SetNode,
    StandardNode,
    Tree,
    TupleNode,
    walk,
)
from ..model.render import short
from .adapters.protocol import OfHolder, exactly
from .adapters.registry import builders
from .bare_objects import BARE, CONTENT, FILLABLE, bare, content_of, put_attribute
from .local_functions import LocalFunction
from .resolver import Resolver, Unbuildable

_SCALARS = frozenset({type(None), bool, int, float, str})

Find: TypeAlias = Callable[[ObjectNode], Any]
"""The live object that a node stands for, by where it came from; `None` when it is to be filled with its state."""

Stand = Callable[[str, list[Any]], Any]
"""What stands for a callable, an iterator, or what was not captured, by kind (`callable`, `consumed`, `uncaptured`) and
parts."""


def build(tree: Tree, resolver: Resolver, find: Find | None = None, stand: Stand | None = None) -> Any:
    """The live value of a tree, a new copy at each call; raises `Unbuildable`.

    `find` gives the objects whose origin is known; without it all are filled with their recorded state. `stand` gives
    what stands for callables, iterators, and parts that were not captured; without it these are refused.
    """
    if type(tree) is TupleNode and all(map(_is_scalar, tree.items)):
        return tuple(tree.items)  # a row: by far the most frequent
    try:
        return _Builder(resolver, find, tree, stand).build(tree)
    except _Cycle:
        return _CycleBuilder(resolver, find, tree, stand).build(tree)


def _is_scalar(tree: Tree) -> bool:
    return type(tree) in _SCALARS


class _Cycle(Unbuildable):
    """An immutable value leads to itself: it has to be built while what it leads to is being filled."""


class _Builder:
    def __init__(
        self, resolver: Resolver, find: Find | None = None, whole: Tree = None, stand: Stand | None = None
    ) -> None:
        self._stand = stand
        self._resolver = resolver
        self._find = find
        self._whole = whole
        self._anchors: dict[int, Any] = {}
        self._constant: Callable[[Any, Any], Any] = resolver.constants.read().get
        self._seeking: set[int] = set()

    def build(self, tree: Tree, anchor: int | None = None) -> Any:
        kind = type(tree)
        if kind is str:
            return self._constant(tree, tree)
        if kind in _SCALARS:
            return tree
        make = _MAKE.get(kind)
        return self._atom(tree, anchor) if make is None else make(self, tree, anchor)

    def _each(self, trees: list[Tree]) -> list[Any]:
        build, constant = self.build, self._constant
        return [
            constant(tree, tree) if type(tree) is str else tree if type(tree) in _SCALARS else build(tree)
            for tree in trees
        ]

    def _dict(self, tree: DictNode, anchor: int | None) -> Any:
        made: dict[Any, Any] = self._anchored(anchor, {})
        # All keys come first: what occurs twice stands where it occurs first, and that is how it was written.
        keys = self._each(tree.keys)
        made.update(zip(keys, self._each(tree.values), strict=True))
        return made

    def _list(self, tree: ListNode, anchor: int | None) -> Any:
        row: list[Any] = self._anchored(anchor, [])
        row.extend(self._each(tree.items))
        return row

    def _tuple(self, tree: TupleNode, anchor: int | None) -> Any:
        return self._anchored(anchor, tuple(self._each(tree.items)))

    def _set(self, tree: SetNode, anchor: int | None) -> Any:
        bag: set[Any] = self._anchored(anchor, set())
        bag.update(self._each(tree.items))
        return bag

    def _frozen_set(self, tree: FrozenSetNode, anchor: int | None) -> Any:
        return self._anchored(anchor, frozenset(self._each(tree.items)))

    def _anchor(self, tree: AnchorNode, anchor: int | None) -> Any:
        return self.build(tree.value, tree.number)

    def _reference(self, tree: RefNode, anchor: int | None) -> Any:
        if tree.number not in self._anchors:
            return self._missing(tree.number)
        return self._anchors[tree.number]

    def _missing(self, number: int) -> Any:
        """What was anchored inside an object that was found, not filled, or later in a set: it is built by itself."""
        for part in walk(self._whole):
            if isinstance(part, AnchorNode) and part.number == number and number not in self._seeking:
                self._seeking.add(number)
                return self.build(part)
        raise _Cycle("an immutable value that contains itself cannot be rebuilt")

    def _anchored(self, number: int | None, value: Any) -> Any:
        if number is not None:
            self._anchors[number] = value
        return value

    def _atom(self, tree: Tree, anchor: int | None) -> Any:
        match tree:
            case BytesNode(data=data):
                return data
            case StandardNode(kind="function", parts=parts):
                return self._function(parts, anchor)
            case StandardNode(kind="cell", parts=parts):
                return self._cell(parts, anchor)
            case StandardNode(kind=kind, parts=parts):
                return self._anchored(anchor, self._standard(tree, kind, [self.build(part) for part in parts]))
            case EnumNode(cls=cls, value=value):
                return _member(tree, self._resolver.find(cls), self.build(value))
            case GlobalNode(name=name):
                return self._resolver.find(name)
            case OpaqueNode() if self._stand is not None:
                return self._anchored(anchor, self._stand("uncaptured", [tree]))
            case OpaqueNode(cls=cls, reason=reason):
                raise Unbuildable(f"it holds a {cls.replace(':', '.')} that was not captured: {reason}")
            case _:
                raise Unbuildable(f"an unknown node: {tree!r}")

    def _function(self, parts: list[Tree], anchor: int | None) -> Any:
        """A function is there before what it closes over is built: that may be the function itself."""
        waiting: list[tuple[types.CellType, Tree]] = []
        recorded = LocalFunction.read(parts)
        function = self._anchored(anchor, recorded.make(self._resolver, lambda tree: self._shell(tree, waiting)))
        for cell, content in waiting:
            cell.cell_contents = self.build(content)
        recorded.finish(function, self.build)
        return function

    def _shell(self, tree: Tree, waiting: list[tuple[types.CellType, Tree]]) -> types.CellType:
        """The cell that a tree is, which is filled later; of a function that ran, only the contents are known."""
        anchor = None
        if isinstance(tree, RefNode):
            found = self._reference(tree, None)
            if type(found) is types.CellType:
                return found
        if isinstance(tree, AnchorNode) and isinstance(tree.value, StandardNode) and tree.value.kind == "cell":
            anchor, tree = tree.number, tree.value
        cell: types.CellType = self._anchored(anchor, types.CellType())
        if not (isinstance(tree, StandardNode) and tree.kind == "cell"):
            waiting.append((cell, tree))
        elif tree.parts:
            waiting.append((cell, tree.parts[0]))
        return cell

    def _cell(self, parts: list[Tree], anchor: int | None) -> Any:
        cell = self._anchored(anchor, types.CellType())
        if parts:
            cell.cell_contents = self.build(parts[0])
        return cell

    def _standard(self, tree: Tree, kind: str, parts: list[Any]) -> Any:
        if self._stand is not None and kind in ("callable", "consumed"):
            return self._stand(kind, parts)
        make = builders().get(kind)
        if make is None:
            raise Unbuildable(f"refused to build a standard value of the unknown kind {kind!r}")
        try:
            return make(*parts)
        except Exception as error:
            raise Unbuildable(f"{short(tree)} cannot be built: {error}") from error

    def _object(self, tree: ObjectNode, anchor: int | None) -> Any:
        if tree.origin and self._find is not None:
            found = self._find(tree)
            if found is not None:
                return self._anchored(anchor, found)
        try:
            cls = self._resolver.find(tree.cls)
        except Unbuildable as refusal:
            if self._stand is None or self._resolver.covers(module_part(tree.cls)):
                raise
            attributes: dict[str, Any] = {}
            mark = OpaqueNode(tree.cls, str(refusal))
            parts = [mark, tree, attributes] if tree.content is None else [mark]
            made = self._anchored(anchor, self._stand("uncaptured", parts))
            attributes.update(_buildable(tree, self.build))
            return made
        if not isinstance(cls, type):
            raise Unbuildable(f"{tree.cls} is no class any more")
        if self._resolver.covers(module_part(tree.cls)):
            self._resolver.restored[tree.cls] = None
        made = self._filled(cls, tree, anchor)
        namespace = object.__getattribute__(made, "__dict__") if cls.__dictoffset__ else None
        waiting: list[tuple[str, OfHolder]] = []
        is_library_error = issubclass(cls, BaseException) and not self._resolver.covers(cls.__module__)
        for name, value in zip(tree.names, tree.values, strict=True):
            try:
                built = _unless_stood_for(value, self) if is_library_error else self.build(value)
            except Unbuildable:
                if is_library_error:
                    continue  # its connection, its request: the service sees the rest
                raise
            if isinstance(built, OfHolder):
                waiting.append((name, built))
            else:
                put_attribute(made, cls, namespace, name, built)
        for name, part in waiting:
            put_attribute(made, cls, namespace, name, _part_of(part, made, tree))
        return made

    def _filled(self, cls: type, tree: ObjectNode, anchor: int | None) -> Any:
        """An instance with its built-in part; one that can be filled later may contain itself."""
        for base, method in FILLABLE:
            if issubclass(cls, base) and not issubclass(cls, (collections.defaultdict, collections.deque)):
                made = self._anchored(anchor, base.__new__(cls))
                getattr(base, method)(made, content_of(tree, CONTENT[base], self.build(tree.content)))
                return made
        return self._anchored(anchor, self._bare(cls, tree))

    def _bare(self, cls: type, tree: ObjectNode) -> Any:
        """An instance with its built-in part and nothing else; no method of the class runs."""
        content = self.build(tree.content)
        for base, fill in BARE:
            if issubclass(cls, base):
                try:
                    return fill(cls, exactly(CONTENT[base], content))
                except (TypeError, ValueError, OverflowError) as error:
                    raise Unbuildable(f"{tree.cls} is not built as it was: {error}") from error
        try:
            return bare(cls)
        except TypeError as error:
            raise Unbuildable(f"{tree.cls} is not built as it was: {error}") from error


def _unless_stood_for(tree: Tree, builder: _Builder) -> Any:
    """A part that is there as it was; raises `Unbuildable` of one that something would have to stand for."""
    stand, builder._stand = builder._stand, None
    try:
        return builder.build(tree)
    finally:
        builder._stand = stand


def _buildable(tree: ObjectNode, build: Callable[[Tree], Any]) -> Iterator[tuple[str, Any]]:
    """The attributes of an object that can be built; whoever asks for another is told."""
    for name, value in zip(tree.names, tree.values, strict=True):
        with contextlib.suppress(Unbuildable):
            yield name, build(value)


def _part_of(part: OfHolder, made: Any, tree: ObjectNode) -> Any:
    try:
        return part.of(made)
    except Exception as error:
        raise Unbuildable(f"{tree.cls} is not built as it was: {error}") from error


def _member(tree: EnumNode, cls: Any, value: Any) -> Any:
    name, member = tree.cls, tree.name
    if not (isinstance(cls, type) and issubclass(cls, enum.Enum)):
        raise Unbuildable(f"{name} is no enumeration any more")
    members = cls.__members__
    if member is not None and member in members:
        return members[member]
    try:
        return cls(value)
    except ValueError as error:
        raise Unbuildable(f"{name} has no member {short(member or tree.value)} any more") from error


class _CycleBuilder(_Builder):
    """Knows what is being filled, by its node: a value that is needed again meanwhile gets that very object."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._open: dict[int, Any] = {}
        self._nodes: list[int] = []
        self._needed: dict[int, Any] = {}
        """What was built by itself, while it was being built."""

    def build(self, tree: Tree, anchor: int | None = None) -> Any:
        if id(tree) in self._open:
            return self._open[id(tree)]
        self._nodes.append(id(tree))
        try:
            made = super().build(tree, anchor)
        finally:
            self._open.pop(self._nodes.pop(), None)
        if isinstance(tree, AnchorNode) and tree.number in self._needed:
            made = self._anchors[tree.number] = self._needed[tree.number]
        return made

    def _missing(self, number: int) -> Any:
        made = self._needed[number] = super()._missing(number)
        return made

    def _anchored(self, number: int | None, value: Any) -> Any:
        self._open[self._nodes[-1]] = value
        return super()._anchored(number, value)


_MAKE: Mapping[type, Callable[[_Builder, Any, int | None], Any]] = {
    DictNode: _Builder._dict,
    ListNode: _Builder._list,
    TupleNode: _Builder._tuple,
    SetNode: _Builder._set,
    FrozenSetNode: _Builder._frozen_set,
    AnchorNode: _Builder._anchor,
    RefNode: _Builder._reference,
    ObjectNode: _Builder._object,
}
