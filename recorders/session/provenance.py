"""Provenance: which entry made an object, and which objects are known by a name.

An object that an entry returned or changed is known by that entry's trace, and one that a module holds by its name
there. Where such an object is given to a later entry, the recording refers to where it came from, beside its state.
Objects are looked up by identity; none of their code runs.
"""

from __future__ import annotations

import sys
import weakref
from collections import OrderedDict
from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from ..capture.raw import (
    inherits,
    is_instance,
    namespace_of,
    namespace_of_module,
    text,
    type_module,
    type_weakrefoffset,
)

if TYPE_CHECKING:
    from .live_trace import LiveTrace
    from .module_state import TraceState

Place: TypeAlias = str
"""Where in what a trace was given or gave an object stood: `value`, `value/0`, `receiver`, `args/0`, `kwargs/name`."""

MADE_LIMIT = 2_000
"""Objects whose makers are remembered; the oldest go first."""

CHAIN_LIMIT = 24
"""Traces that lie behind one object; a longer chain is forgotten, and the object known by its state alone."""

NAMED_LIMIT = 20_000
"""Objects that are known by name."""

_NAMED_DEPTH = 3
_ITEMS_LOOKED_AT = 50


class Made(NamedTuple):
    """By which trace an object was made, or last changed, and where it stood in it."""

    trace: LiveTrace
    place: Place


class Lineage:
    """The traces behind one trace, and what it is stored as where it stands behind others."""

    __slots__ = ("depth", "makers", "state", "stored")

    def __init__(self, state: TraceState) -> None:
        self.state = state
        """Of modules and classes, as the trace came to it."""
        self.makers: Sequence[LiveTrace] = state.origins.makers
        """The traces that made the objects which it was given."""
        self.depth = 1
        """Traces in the chain that ends with it."""
        self.stored: tuple[str, bytes] | None = None
        """Its id and content as another trace's producer, once that was asked for."""


class Origins:
    """The makers of the objects that one trace was given, numbered as they are met."""

    def __init__(self, known: Provenance) -> None:
        self._known = known
        self.makers: list[LiveTrace] = []

    def of(self, value: object) -> str:
        """`made N PLACE`, `named MODULE:NAME`, or empty for an object of unknown origin."""
        made = self._known.maker(value)
        if made is None:
            return self._known.name(value)
        for number, maker in enumerate(self.makers):
            if maker is made.trace:
                return f"made {number} {made.place}"
        self.makers.append(made.trace)
        return f"made {len(self.makers) - 1} {made.place}"

    @property
    def depth(self) -> int:
        """Traces in the longest chain behind these objects."""
        return max((maker.lineage.depth for maker in self.makers), default=0)


class Provenance:
    """What is known of the objects of one process."""

    def __init__(self) -> None:
        self._made: OrderedDict[int, tuple[weakref.ref[Any], Made]] = OrderedDict()
        self._named: dict[int, tuple[str, str, Any]] = {}
        """id → (module, name, holder of the last part of the name)"""
        self._ours: dict[int, bool] = {}
        """By the id of a class, while it lives."""
        self._classes: dict[int, weakref.ref[type]] = {}

    # --- objects that entries made ---

    def maker(self, value: object) -> Made | None:
        """The trace that made an object or changed it last."""
        known = self._made.get(id(value))
        return known[1] if known is not None and known[0]() is value else None

    def made(self, trace: LiveTrace, covers: Any, **places: Any) -> None:
        """A trace gave these values, by the place where each stood; one level of plain containers is looked into."""
        for place, value in places.items():
            self._remember(trace, covers, place, value)
            for key, item in _items(value):
                self._remember(trace, covers, f"{place}/{key}", item)

    def _remember(self, trace: LiveTrace, covers: Any, place: Place, value: Any) -> None:
        cls = type(value)
        if not self._is_ours(cls, covers) or not type_weakrefoffset(cls):
            return
        self._made.pop(id(value), None)
        if trace.lineage.depth >= CHAIN_LIMIT:
            return
        self._made[id(value)] = (weakref.ref(value), Made(trace, place))
        while len(self._made) > MADE_LIMIT:
            self._made.popitem(last=False)

    def _is_ours(self, cls: type, covers: Any) -> bool:
        """Whether a class belongs to an included package."""
        key = id(cls)
        known = self._ours.get(key)
        if known is None:
            module = text(type_module(cls))
            known = self._ours[key] = module is not None and bool(covers(module))
            self._classes[key] = weakref.ref(cls, lambda _class: self._forget(key))
        return known

    def _forget(self, key: int) -> None:
        """A class is gone; another may get its id."""
        self._ours.pop(key, None)
        self._classes.pop(key, None)

    # --- objects that modules hold ---

    def saw_module(self, module: ModuleType, covers: Any) -> None:
        """An included module ran: what it holds is known by name."""
        namespace = namespace_of_module(module)
        self._name_all(text(namespace.get("__name__")) or "?", "", module, namespace, covers, _NAMED_DEPTH)

    def _name_all(
        self, module: str, prefix: str, holder: Any, namespace: dict[str, Any], covers: Any, depth: int
    ) -> None:
        for name, value in list(namespace.items()):
            cls = type(value)
            if len(self._named) >= NAMED_LIMIT or type(name) is not str:
                return
            if inherits(cls, type) or inherits(cls, ModuleType) or not self._is_ours(cls, covers):
                continue
            if id(value) not in self._named:
                self._named[id(value)] = module, prefix + name, holder
                inner = namespace_of(value)
                if depth > 1 and inner is not None:
                    self._name_all(module, f"{prefix}{name}.", value, inner, covers, depth - 1)

    def name(self, value: object) -> str:
        """`named MODULE:NAME` of an object that a module still holds there, or empty."""
        known = self._named.get(id(value))
        if known is None:
            return ""
        module, name, holder = known
        is_module = is_instance(holder, ModuleType)
        namespace = namespace_of_module(holder) if is_module else namespace_of(holder)
        if namespace is None or namespace.get(name.rpartition(".")[2]) is not value:
            return ""
        if is_module and sys.modules.get(module) is not holder:
            return ""
        return f"named {module}:{name}"


def _items(value: Any) -> list[tuple[Any, Any]]:
    cls = type(value)
    if cls is list or cls is tuple:
        return list(enumerate(value[:_ITEMS_LOOKED_AT]))
    if cls is dict and len(value) <= _ITEMS_LOOKED_AT:
        return [(key, item) for key, item in value.items() if type(key) is str and "/" not in key]
    return []
