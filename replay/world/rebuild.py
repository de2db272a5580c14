"""Rebuilding: live values from value trees, for the code under test.

A baseline may be hostile. Only classes of the included packages and a short list of standard types are ever built,
none of them by calling it: state is put into a bare instance. Everything else is refused, and named.
"""

from __future__ import annotations

import builtins
import collections
import datetime
import decimal
import enum
import fractions
import functools
import io
import logging
import pathlib
import re
import sys
import threading
import types
import uuid
import zoneinfo
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from ...recorders import plugins
from ...recorders.model.value_tree import (
    AnchorNode,
    BytesNode,
    ClassName,
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
from ...recorders.patching import PatchedFunction
from ..model.render import short


class Unbuildable(Exception):
    """A recorded value cannot be built here; the message is the reason that a report gives."""


_moment: Any = datetime.datetime
_time: Any = datetime.time


NAME_LIMIT = 1_000
"""Characters of a logger's name: each part of it costs a copy of what stands before."""


def _stream(made: Any, position: int) -> Any:
    """A stream at a position, at its end where the position lies beyond: what is written there would fill the gap."""
    end = made.seek(0, io.SEEK_END)
    made.seek(min(_exactly(int, position), end))
    return made


def _exactly(kind: type, value: Any) -> Any:
    """A part that is exactly of a type: any other may stand for far more than the baseline holds, as a number of bytes
    does, or run code when it is converted. Raises `TypeError`."""
    if type(value) is not kind:
        raise TypeError(f"it holds a {type(value).__name__} where a {kind.__name__} belongs")
    return value


def _short(name: str) -> str:
    if len(name) > NAME_LIMIT:
        raise ValueError(f"it is longer than {NAME_LIMIT} characters")
    return name


_STANDARD: dict[str, Callable[..., Any]] = {
    "int": lambda text: int(_exactly(str, text), 16),
    "str": lambda data: _exactly(bytes, data).decode("utf-8", "surrogatepass"),
    "bytearray": lambda data: bytearray(_exactly(bytes, data)),
    "decimal": lambda text: decimal.Decimal(_exactly(str, text)),
    "fraction": lambda above, below: fractions.Fraction(_exactly(int, above), _exactly(int, below)),
    "complex": lambda real, imaginary: complex(_exactly(float, real), _exactly(float, imaginary)),
    "datetime": lambda *parts: _moment(*parts[:7], parts[8]).replace(fold=parts[7]),
    "date": datetime.date,
    "time": lambda *parts: _time(*parts[:4], parts[5]).replace(fold=parts[4]),
    "timedelta": datetime.timedelta,
    "timezone": lambda *parts: datetime.UTC if parts == (datetime.timedelta(0),) else datetime.timezone(*parts),
    "zoneinfo": lambda key: zoneinfo.ZoneInfo(_exactly(str, key)),
    "uuid": lambda text: uuid.UUID(hex=_exactly(str, text)),
    "range": lambda *parts: range(*[_exactly(int, part) for part in parts]),
    "slice": slice,
    "ellipsis": lambda: ...,
    "notimplemented": lambda: NotImplemented,
    "pattern": lambda text, flags: re.compile(text, _exactly(int, flags) & ~re.DEBUG.value),
    "path": lambda name, text: getattr(pathlib, name)(_exactly(str, text)),
    "logger": lambda name: logging.getLogger(_short(_exactly(str, name))),
    "textstream": lambda text, position: _stream(io.StringIO(text), position),
    "bytestream": lambda data, position: _stream(io.BytesIO(data), position),
    "iterator": lambda items: iter(_exactly(list, items)),
    "method": lambda receiver, name: _bound(receiver, _exactly(str, name)),
    "partial": lambda function, args, keywords: functools.partial(
        function, *_exactly(tuple, args), **_exactly(dict, keywords)
    ),
    "lock": threading.Lock,
    "rlock": threading.RLock,
}


def _bound(receiver: Any, name: str) -> types.MethodType:
    """The method of that name, bound to an object or a class; raises `LookupError` where there is none any more."""
    classes = receiver.__mro__ if isinstance(receiver, type) else type(receiver).__mro__
    for cls in classes:
        for one in (name, f"_{cls.__name__.lstrip('_')}{name}"):
            member = vars(cls).get(one)
            function = member.__func__ if isinstance(member, classmethod) else member
            if type(function) is types.FunctionType:
                return types.MethodType(function, receiver)
    raise LookupError(f"its class has no method {name!r} any more")


_PATHS = frozenset({"PurePosixPath", "PosixPath", "PureWindowsPath", "WindowsPath"})

_TYPES: dict[ClassName, type] = {
    f"{one.__module__}:{one.__qualname__}": one
    for one in (
        *(object, int, float, complex, bool, str, bytes, bytearray, list, tuple, dict, set, frozenset, type(None)),
        *(collections.OrderedDict, collections.defaultdict, collections.deque, collections.Counter),
        *(decimal.Decimal, fractions.Fraction, datetime.datetime, datetime.date, uuid.UUID, types.SimpleNamespace),
        *(range, slice, memoryview, datetime.time, datetime.timedelta),
    )
}
_HARMLESS = frozenset(
    {
        *("abs", "all", "any", "ascii", "bin", "callable", "chr", "divmod", "format", "hash", "hex", "id"),
        *("isinstance", "issubclass", "iter", "len", "max", "min", "next", "oct", "ord", "pow", "repr", "round"),
        *("sorted", "sum"),
        *("classmethod", "enumerate", "filter", "map", "property", "reversed", "staticmethod", "zip", "NotImplemented"),
    }
)
"""Functions and classes of `builtins` that do nothing beyond their arguments: references to them may be built."""


class Resolver:
    """Finds the classes that may be built."""

    def __init__(self, include: Sequence[str]) -> None:
        """`include` are the packages under validation. Nothing is imported: a class or function is found in a module
        that the code under test has loaded by itself, or that was loaded with it."""
        self._include = frozenset(include)
        self._known: dict[ClassName, Any] = {}
        self._covered: dict[str, bool] = {}
        self.faults: Mapping[str, str] = {}
        """Modules that were to be loaded with the code under test and could not be → why."""
        self.restored: dict[ClassName, None] = {}
        """Included classes into whose instances recorded state was put, since this was last cleared."""

    def covers(self, module: str) -> bool:
        """Whether a module belongs to an included package."""
        known = self._covered.get(module)
        if known is None:
            known = any(module == package or module.startswith(f"{package}.") for package in self._include)
            self._covered[module] = known
        return known

    def why_missing(self, module: str) -> str:
        """Why a module is not there, in words."""
        fault = self.faults.get(module)
        return fault or f"no module {module!r} was loaded with the code under test, and none is imported for a baseline"

    def find(self, name: ClassName) -> Any:
        """The class or function of that name; raises `Unbuildable` when it is gone or not allowed."""
        if name not in self._known:
            self._known[name] = self._find(name)
        return self._known[name]

    def _find(self, name: ClassName) -> Any:
        allowed = _TYPES.get(name)
        if allowed is not None:
            return allowed
        module_name, _, qualname = name.partition(":")
        if self.covers(module_name):
            return self._included(module_name, qualname)
        if module_name == "builtins" and qualname in _HARMLESS:
            return vars(builtins)[qualname]
        found = _loaded(module_name, qualname)
        if type(found) is PatchedFunction:
            return found  # a boundary, behind which stands the recording
        root = module_name.partition(".")[0]
        at_home = root in sys.stdlib_module_names or root in plugins.loaded().exceptions
        if isinstance(found, type) and issubclass(found, BaseException) and at_home:
            return found
        if isinstance(found, type) and issubclass(found, enum.Enum) and root in sys.stdlib_module_names:
            return found
        raise Unbuildable(f"refused to build {name}: it is neither in the included packages nor a known standard type")

    def held(self, name: str) -> Any:
        """The instance of an included class that an included module holds under a name, or `None`."""
        module_name, _, path = name.partition(":")
        if not self.covers(module_name):
            return None
        found: Any = sys.modules.get(module_name)
        for part in path.split("."):
            found = getattr(found, "__dict__", {}).get(part)
        home = getattr(type(found), "__module__", "") or ""
        return found if self.covers(home) else None

    def _included(self, module_name: str, qualname: str) -> Any:
        if is_program(module_name):
            raise Unbuildable(
                f"refused to build {module_name}:{qualname}: nothing is built from a program's own module"
            )
        found: Any = sys.modules.get(module_name)
        if found is None:
            raise Unbuildable(f"{module_name}:{qualname} is gone: {self.why_missing(module_name)}")
        for part in qualname.split("."):
            found = vars(found).get(part) if hasattr(found, "__dict__") else None
            if found is None:
                raise Unbuildable(f"{module_name}:{qualname} is gone: the code under test does not define it")
        # What an included module merely imports is not included: `shop.tools:os.system` leads outside.
        home = getattr(found, "__module__", "") or ""
        if not self.covers(home):
            raise Unbuildable(
                f"refused to build {module_name}:{qualname}: it belongs to {home}, outside the included packages"
            )
        return found


def is_program(module: str) -> bool:
    """Whether a module is what `python -m` runs: importing it, or what lies below it, would run the program."""
    return "__main__" in module.split(".")


def _loaded(module_name: str, qualname: str) -> Any:
    """An attribute of a module that is loaded already; nothing is imported for a baseline."""
    found: Any = sys.modules.get(module_name)
    for part in qualname.split("."):
        found = getattr(found, "__dict__", {}).get(part)
    return found


_SCALARS = frozenset({type(None), bool, int, float, str})


Find: TypeAlias = Callable[[ObjectNode], Any]
"""The live object that a node stands for, by where it came from; `None` when it is to be filled with its state."""


Stand = Callable[[str, list[Any]], Any]
"""What stands for a callable or iterator that was given, by kind (`callable`, `consumed`) and parts."""


def build(tree: Tree, resolver: Resolver, find: Find | None = None, stand: Stand | None = None) -> Any:
    """The live value of a tree, a new copy at each call; raises `Unbuildable`.

    `find` gives the objects whose origin is known; without it all are filled with their recorded state. `stand` gives
    what stands for callables and iterators.
    """
    if type(tree) is TupleNode and all(map(_is_scalar, tree.items)):
        return tuple(tree.items)  # a row: by far the most frequent
    return _Builder(resolver, find, tree, stand).build(tree)


def _is_scalar(tree: Tree) -> bool:
    return type(tree) in _SCALARS


class _Builder:
    def __init__(
        self, resolver: Resolver, find: Find | None = None, whole: Tree = None, stand: Stand | None = None
    ) -> None:
        self._stand = stand
        self._resolver = resolver
        self._find = find
        self._whole = whole
        self._anchors: dict[int, Any] = {}
        self._seeking: set[int] = set()

    def build(self, tree: Tree, anchor: int | None = None) -> Any:
        kind = type(tree)
        if kind in _SCALARS:
            return tree
        make = _MAKE.get(kind)
        return self._atom(tree) if make is None else make(self, tree, anchor)

    def _each(self, trees: list[Tree]) -> list[Any]:
        build = self.build
        return [tree if type(tree) in _SCALARS else build(tree) for tree in trees]

    def _dict(self, tree: DictNode, anchor: int | None) -> Any:
        made: dict[Any, Any] = self._anchored(anchor, {})
        build = self.build
        for key, value in zip(tree.keys, tree.values, strict=True):
            made[build(key)] = build(value)
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
        """What was anchored inside an object that was found, not filled: it is built by itself."""
        if self._find is not None:
            for part in walk(self._whole):
                if isinstance(part, AnchorNode) and part.number == number and number not in self._seeking:
                    self._seeking.add(number)
                    return self.build(part)
        raise Unbuildable("an immutable value that contains itself cannot be rebuilt")

    def _anchored(self, number: int | None, value: Any) -> Any:
        if number is not None:
            self._anchors[number] = value
        return value

    def _atom(self, tree: Tree) -> Any:
        match tree:
            case BytesNode(data=data):
                return data
            case StandardNode(kind=kind, parts=parts):
                return self._standard(tree, kind, [self.build(part) for part in parts])
            case EnumNode(cls=cls, value=value):
                return self._member(tree, self._resolver.find(cls), self.build(value))
            case GlobalNode(name=name):
                return self._resolver.find(name)
            case OpaqueNode(cls=cls, reason=reason):
                raise Unbuildable(f"it holds a {cls.replace(':', '.')} that was not captured: {reason}")
            case _:
                raise Unbuildable(f"an unknown node: {tree!r}")

    def _standard(self, tree: Tree, kind: str, parts: list[Any]) -> Any:
        if self._stand is not None and kind in ("callable", "consumed"):
            return self._stand(kind, parts)
        make = _STANDARD.get(kind)
        if make is None or (kind == "path" and parts[:1] and parts[0] not in _PATHS):
            raise Unbuildable(f"refused to build a standard value of the unknown kind {kind!r}")
        try:
            return make(*parts)
        except Exception as error:
            raise Unbuildable(f"{short(tree)} cannot be built: {error}") from error

    def _member(self, tree: EnumNode, cls: Any, value: Any) -> Any:
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

    def _object(self, tree: ObjectNode, anchor: int | None) -> Any:
        if tree.origin and self._find is not None:
            found = self._find(tree)
            if found is not None:
                return self._anchored(anchor, found)
        cls = self._resolver.find(tree.cls)
        if not isinstance(cls, type):
            raise Unbuildable(f"{tree.cls} is no class any more")
        if self._resolver.covers(tree.cls.partition(":")[0]):
            self._resolver.restored[tree.cls] = None
        made = self._filled(cls, tree, anchor)
        namespace = object.__getattribute__(made, "__dict__") if cls.__dictoffset__ else None
        for name, value in zip(tree.names, tree.values, strict=True):
            try:
                built = self.build(value)
            except Unbuildable:
                if issubclass(cls, BaseException) and not self._resolver.covers(cls.__module__):
                    continue  # of a library's own exception: its connection, its request; the service sees the rest
                raise
            _put(made, cls, namespace, name, built)
        return made

    def _filled(self, cls: type, tree: ObjectNode, anchor: int | None) -> Any:
        """An instance with its built-in part; one that can be filled later may contain itself."""
        for base, method in _FILLABLE:
            if issubclass(cls, base) and not issubclass(cls, (collections.defaultdict, collections.deque)):
                made = self._anchored(anchor, base.__new__(cls))
                getattr(base, method)(made, _content(tree, _CONTENT[base], self.build(tree.content)))
                return made
        return self._anchored(anchor, self._bare(cls, tree))

    def _bare(self, cls: type, tree: ObjectNode) -> Any:
        """An instance with its built-in part and nothing else; no method of the class runs."""
        content = self.build(tree.content)
        for base, fill in _BARE:
            if issubclass(cls, base):
                try:
                    return fill(cls, _exactly(_CONTENT[base], content))
                except (TypeError, ValueError, OverflowError) as error:
                    raise Unbuildable(f"{tree.cls} is not built as it was: {error}") from error
        try:
            return object.__new__(cls)
        except TypeError as error:
            raise Unbuildable(f"{tree.cls} is not built as it was: {error}") from error


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


def _content(tree: ObjectNode, kind: type, content: Any) -> Any:
    try:
        return _exactly(kind, content)
    except TypeError as error:
        raise Unbuildable(f"{tree.cls} is not built as it was: {error}") from error


def _bare_defaultdict(cls: Any, content: Any) -> Any:
    items, factory = content
    made = collections.defaultdict.__new__(cls)
    collections.defaultdict.__init__(made, factory, _exactly(dict, items))
    return made


def _bare_deque(cls: Any, content: Any) -> Any:
    items, most = content
    made = collections.deque.__new__(cls)
    collections.deque.__init__(made, _exactly(list, items), most)
    return made


def _bare_exception(cls: Any, content: Any) -> Any:
    """By the constructors written in C, which fill their own fields (`errno`, `value`, `code`)."""
    base = next(one for one in cls.__mro__ if one.__module__ == "builtins")
    made = base.__new__(cls, *content)
    base.__init__(made, *content)
    return made


def _bare_group(cls: Any, content: Any) -> Any:
    message, exceptions = content
    kind = list if type(exceptions) is list else tuple
    return BaseExceptionGroup.__new__(cls, message, _exactly(kind, exceptions))


def _value(base: Any) -> Callable[[Any, Any], Any]:
    return lambda cls, content: base.__new__(cls, content)


def _bare_datetime(cls: Any, content: Any) -> Any:
    parts: tuple[Any, ...] = (*content.timetuple()[:6], content.microsecond, content.tzinfo)
    new: Any = datetime.datetime.__new__
    return new(cls, *parts, fold=content.fold)


def _bare_uuid(cls: Any, content: Any) -> Any:
    made = object.__new__(cls)
    object.__setattr__(made, "int", content.int)
    object.__setattr__(made, "is_safe", content.is_safe)
    return made


_FILLABLE: tuple[tuple[Any, str], ...] = (
    (collections.OrderedDict, "update"),
    (dict, "update"),
    (list, "extend"),
    (set, "update"),
    (bytearray, "extend"),
)
"""Mutable built-in types, and the method that fills a bare instance."""

_BARE: tuple[tuple[Any, Callable[[Any, Any], Any]], ...] = (
    (collections.defaultdict, _bare_defaultdict),
    (collections.deque, _bare_deque),
    *((base, _value(base)) for base in (tuple, frozenset, str, bytes, int, float, complex, decimal.Decimal)),
    (BaseExceptionGroup, _bare_group),
    (BaseException, _bare_exception),
    (datetime.datetime, _bare_datetime),
    (uuid.UUID, _bare_uuid),
    (types.SimpleNamespace, lambda cls, content: types.SimpleNamespace.__new__(cls)),
)


_CONTENT: Mapping[type, type] = {
    **{base: base for base in (dict, list, set, tuple, frozenset, str, bytes, int, float, complex, decimal.Decimal)},
    **dict.fromkeys((collections.defaultdict, collections.deque, BaseExceptionGroup, BaseException), tuple),
    **{collections.OrderedDict: dict, bytearray: bytes, datetime.datetime: datetime.datetime, uuid.UUID: uuid.UUID},
    types.SimpleNamespace: type(None),
}
"""Built-in type → what the content of an instance that extends it is, exactly."""


def _put(made: Any, cls: type, namespace: dict[str, Any] | None, name: str, value: Any) -> None:
    for base in cls.__mro__:
        slot = vars(base).get(name)
        if type(slot) is types.MemberDescriptorType:
            slot.__set__(made, value)
            return
    if namespace is None:
        if isinstance(made, OSError) and name == "filename":
            made.filename = value
            return
        raise Unbuildable(f"{cls.__qualname__} has no place for the recorded attribute {name!r} any more")
    if isinstance(made, OSError) and name == "filename":
        made.filename = value
    else:
        namespace[name] = value
