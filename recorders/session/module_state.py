"""State that outlives calls: what included modules and classes hold under a name, as far as traces come to it.

A trace may depend on what stood in a module before it: a store in memory, a registry, settings that start-up made. As
the code of a trace runs, the names that it can reach (`code.co_names`, in its module, in included modules and classes
that it names) are looked at once, before it could change them. Where one holds something else than after the import of
its module, the trace keeps that value, and which traces changed it last. Nothing of the service's runs for this.
"""

from __future__ import annotations

import collections
import functools
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from ..capture.adapters.registry import ADAPTERS
from ..capture.freeze import freeze, same_frozen
from ..capture.pickle_stubs import Frozen, FrozenBytes, Opaque
from ..capture.raw import (
    class_name,
    inherits,
    is_instance,
    namespace_of_module,
    text,
    type_dict,
    type_module,
    type_mro,
    type_qualname,
)
from ..model.state_places import COMMAND_LINE, MADE_AGAIN

if TYPE_CHECKING:
    from ..included import Included
    from .live_trace import LiveTrace
    from .provenance import Origins

StatePlaceName: TypeAlias = str
"""`module:NAME`, or `module:Class.NAME`."""

STATE_LIMIT: Final = 100_000
"""Bytes of one value that are kept: it is frozen before and after each trace that comes to it."""

STATE_OBJECTS: Final = 2_000
"""Instances in it."""

CHAIN_LIMIT: Final = 8
"""Traces that changed one value since its module was imported: with more, the last one alone is replayed, on the value
that was recorded before it."""

GIVE_UP: Final = 2
"""Times that a value is too large, after which it is not looked at again."""

QUIET: Final = 16
"""Looks at a container in which nothing had changed, after which it is looked at from outside."""

DEEP_EVERY: Final = 8
"""One look in this many goes through all of it nevertheless."""

_MODULES_DEEP: Final = 3
"""Modules that a chain of attributes leads through, as in `shop.config.RATE`."""

_ATOMS: Final = frozenset(map(id, (type(None), bool, int, float, str, bytes, complex)))
_CONTAINERS: Final = frozenset(
    map(
        id,
        (
            *(dict, list, set, frozenset, tuple, bytearray),
            *(collections.OrderedDict, collections.defaultdict, collections.deque, collections.Counter),
        ),
    )
)
_SHALLOW: Final[dict[int, Callable[[Any], Iterable[Any]]]] = {
    id(dict): dict.values,
    id(list): list.__iter__,
    id(set): set.__iter__,
    id(tuple): tuple.__iter__,
}
# By id: comparing classes could run code of a metaclass.
_CODE: Final = frozenset(map(id, (FunctionType, BuiltinFunctionType, MethodType)))


class _Missing:
    """Stands where a name holds nothing."""


MISSING: Final = _Missing()


class Kept:
    """One name, and what is known of the value under it."""

    __slots__ = (
        "_checks",
        "_is_data",
        "_outside",
        "_quiet",
        "_read",
        "at_load",
        "chain",
        "last",
        "lost",
        "name",
        "whole",
    )

    def __init__(
        self, name: StatePlaceName, read: Callable[[], Any], *, at_load: bool, is_data: Callable[[Any], bool]
    ) -> None:
        """`read` gives the value, or `MISSING`; `at_load`: what stands there now is what the import left; `is_data`
        says whether a value can be kept. Any other is known by what it is, and only made again."""
        self.name = name
        self._read = read
        self._is_data = is_data
        self._checks = self._quiet = 0
        self._outside: tuple[int, int] | None = None
        self.lost = 0
        """Times that the value was too large."""
        self.at_load: Frozen = self.frozen() if at_load else MISSING
        self.last: Frozen = self.at_load
        """As the last trace that is known to have changed it left it."""
        self.chain: list[LiveTrace] = []
        """Traces that changed it, in order."""
        self.whole = at_load
        """Whether the chain begins with what the import left."""

    def value(self) -> Any:
        """What stands there."""
        return self._read()

    @property
    def is_made_again(self) -> bool:
        """Whether what stands there is no data: a replay can only make it again."""
        return not self._is_data(self._read())

    def frozen(self) -> Frozen:
        """What stands there, frozen; `MISSING` for nothing."""
        value = self._read()
        if value is MISSING:
            return MISSING
        if not self._is_data(value):
            return freeze(Opaque(class_name(type(value)), f"{MADE_AGAIN} {id(value)}"))
        found = freeze(value, limit=STATE_LIMIT, most=STATE_OBJECTS)
        if type(found) is FrozenBytes and found.is_mark:
            self.lost += 1
        return found

    def looked_at(self) -> Frozen:
        """What stands there, frozen; the last known value where a look from outside finds no change."""
        value, last = self._read(), self.last
        if id(type(value)) in _ATOMS:
            return last if value is last or (type(value) is type(last) and value == last) else value
        if self.lost >= GIVE_UP:
            return last
        outside = _outside_of(value) if self._quiet > QUIET else None
        self._checks += 1
        if outside is not None and outside == self._outside and self._checks % DEEP_EVERY:
            return last
        found = self.frozen()
        if found is MISSING or not _same(found, last):
            self._quiet, self._outside = 0, None
            return found
        self._quiet += 1
        self._outside = _outside_of(value)
        return last

    def seen(self, found: Frozen) -> None:
        """It stood there before a trace: where nobody is known to have put it there, the chain is broken."""
        if not _same(found, self.last):
            self.last, self.chain, self.whole = found, [], False

    def changed(self, found: Frozen, trace: LiveTrace | None) -> None:
        """A trace left it there; `None` for one that no replay can run."""
        self.last = found
        if trace is None:
            self.chain, self.whole = [], False
            return
        while self.chain and self.chain[-1].is_inside(trace):
            self.chain.pop()  # it is a part of this one
        self.chain.append(trace)
        if len(self.chain) > CHAIN_LIMIT:
            self.chain, self.whole = [trace], False

    def makers(self) -> list[LiveTrace]:
        """The traces to replay for it."""
        return list(self.chain) if self.whole else self.chain[-1:]


class Found(NamedTuple):
    """What a trace found under one name."""

    kept: Kept
    before: Frozen
    value: Frozen
    """The same, with the origins of its objects; `MISSING` where it is what the import left."""
    makers: list[LiveTrace]
    whole: bool


class ModuleState:
    """The state of the included modules of one process."""

    def __init__(self, included: Included) -> None:
        self._included = included
        self.kept: dict[StatePlaceName, Kept] = {}
        """By name."""
        self.command_line = Kept(COMMAND_LINE, lambda: sys.argv, at_load=False, is_data=lambda value: True)
        self._by_code: dict[int, tuple[CodeType, int, list[Kept]]] = {}
        """By id of the code: it, the size of its module's namespace when it was looked up, what it can reach."""

    def saw_module(self, module: ModuleType) -> None:
        """An included module ran: what it holds now is what the import left."""
        namespace = namespace_of_module(module)
        name = text(namespace.get("__name__"))
        if name is None:
            return
        for key, value in list(namespace.items()):
            if type(key) is str and self._is_state(value):
                self._place(name, key, namespace, at_load=True)
            elif inherits(type(value), type) and text(type_module(value)) == name:
                for inner, held in list(type_dict(value).items()):
                    if type(inner) is str and self._is_state(held):
                        self._class_place(value, inner, at_load=True)

    def reached_by(self, code: CodeType) -> Sequence[Kept]:
        """The names that code can reach."""
        name = self._included.modules.get(code.co_filename)
        module = sys.modules.get(name) if name is not None else None
        namespace = namespace_of_module(module)
        known = self._by_code.get(id(code))
        if known is not None and known[1] == len(namespace):
            return known[2]
        found = {kept.name: kept for kept in self._find(code, namespace)} if name is not None else {}
        self._by_code[id(code)] = code, len(namespace), list(found.values())
        return self._by_code[id(code)][2]

    def _find(self, code: CodeType, namespace: dict[str, Any]) -> Iterator[Kept]:
        names = [name for name in code.co_names if not name.startswith("__")]
        module = text(namespace.get("__name__"))
        if module is None or module == "__main__":
            return
        if "argv" in names:
            yield self.command_line
        yield from self._in_module(module, namespace, names, _MODULES_DEEP)
        owner: Any = namespace.get(code.co_qualname.partition(".")[0])
        for part in code.co_qualname.split(".")[1:-1]:
            owner = type_dict(owner).get(part) if inherits(type(owner), type) else None
        if inherits(type(owner), type):
            yield from self._in_class(owner, names)

    def _in_module(self, module: str, namespace: dict[str, Any], names: list[str], depth: int) -> Iterator[Kept]:
        for name in names:
            value = namespace.get(name, MISSING)
            if value is MISSING:
                continue
            if self._is_state(value) or f"{module}:{name}" in self.kept:
                yield self._place(module, name, namespace)
            elif inherits(type(value), type):
                yield from self._in_class(value, names)
            elif depth and is_instance(value, ModuleType):
                inner = namespace_of_module(value)
                called = text(inner.get("__name__"))
                if called is not None and self._included.covers(called):
                    yield from self._in_module(called, inner, names, depth - 1)

    def _in_class(self, cls: Any, names: list[str]) -> Iterator[Kept]:
        for base in type_mro(cls):
            module = text(type_module(base))
            if module is not None and self._included.covers(module):
                held = type_dict(base)
                yield from (self._class_place(base, name) for name in names if self._is_state(held.get(name, MISSING)))

    def _place(self, module: str, name: str, namespace: dict[str, Any], *, at_load: bool = False) -> Kept:
        full = f"{module}:{name}"
        if full not in self.kept:
            read = functools.partial(namespace.get, name, MISSING)
            self.kept[full] = Kept(full, read, at_load=at_load, is_data=self._is_state)
        return self.kept[full]

    def _class_place(self, cls: Any, name: str, *, at_load: bool = False) -> Kept:
        full = f"{text(type_module(cls))}:{text(type_qualname(cls))}.{name}"
        if full not in self.kept:
            read = functools.partial(type_dict(cls).get, name, MISSING)
            self.kept[full] = Kept(full, read, at_load=at_load, is_data=self._is_state)
        return self.kept[full]

    def _is_state(self, value: Any) -> bool:
        """Whether a value is data that a call may leave behind for the next."""
        cls = type(value)
        if id(cls) in _ATOMS or id(cls) in _CONTAINERS:
            return True
        if id(cls) not in _CODE and ADAPTERS.standard_reader(cls) is not None:
            return True
        if value is MISSING or id(cls) in _CODE or inherits(cls, type) or inherits(cls, ModuleType):
            return False
        module = text(type_module(cls))
        return module is not None and self._included.covers(module)


class TraceState:
    """The state that one trace came to."""

    __slots__ = ("_state", "found", "is_replayable", "origins")

    def __init__(self, state: ModuleState, origins: Origins) -> None:
        """`origins` knows where the objects in it come from."""
        self._state = state
        self.origins = origins
        self.is_replayable = True
        """Whether a replay can run the trace."""
        self.found: dict[StatePlaceName, Found] = {}

    def ran(self, code: CodeType) -> None:
        """Code of the trace is about to run for the first time."""
        for kept in self._state.reached_by(code):
            if kept.name not in self.found:
                self.found[kept.name] = _found(kept, self.origins)

    def is_command(self) -> None:
        """The program itself called the entry: what it was called with belongs to it."""
        line = self._state.command_line
        self.found.setdefault(line.name, _found(line, self.origins))

    def ended(self, trace: LiveTrace) -> None:
        """The trace is over."""
        for found in self.found.values():
            after = found.kept.looked_at()
            if _same(after, found.before) or (not self.is_replayable and _same(after, found.kept.last)):
                continue  # where no replay can run it, a trace inside of it may have made what it left
            found.kept.changed(after, trace if self.is_replayable else None)

    def needed(self) -> list[Found]:
        """What was otherwise than the import left it."""
        return [found for found in self.found.values() if found.value is not MISSING]

    def makers(self) -> list[LiveTrace]:
        """The traces that made it, each once."""
        return list(dict.fromkeys(maker for found in self.needed() for maker in found.makers))

    def let_go(self) -> None:
        """It is stored, or lost: the traces before it are needed no more."""
        self.found = {name: found._replace(makers=[]) for name, found in self.found.items()}


def _found(kept: Kept, origins: Origins) -> Found:
    before = kept.looked_at()
    kept.seen(before)
    if _same(before, kept.at_load) or before is MISSING:
        return Found(kept, before, MISSING, [], False)
    value = before
    if id(type(before)) in _ATOMS:
        value = freeze(before, limit=STATE_LIMIT)
    elif kept.is_made_again:
        value = freeze(Opaque(class_name(type(kept.value())), MADE_AGAIN))
    elif not before.is_mark:
        value = freeze(kept.value(), limit=STATE_LIMIT, most=STATE_OBJECTS, origins=origins)
    return Found(kept, before, value, kept.makers(), kept.whole)


def _same(left: Frozen, right: Frozen) -> bool:
    """Whether two frozen values are certainly equal. Scalars are of the built-in types."""
    if id(type(left)) in _ATOMS and type(left) is type(right):
        return bool(left == right) or left is right
    return same_frozen(left, right)


def _outside_of(value: Any) -> tuple[int, int] | None:
    """What of a container can be seen without looking into its items; `None` for other values."""
    items = _SHALLOW.get(id(type(value)))
    return (len(value), hash(tuple(map(id, items(value))))) if items is not None else None
