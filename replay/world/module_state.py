"""State of modules and classes as it stood when a trace began: made by replayed traces, or recorded and put there.

On base it is found out what a trace needs: nothing, where the loaded code holds what was recorded; the traces that
changed it last, replayed on the code under test, where they come to it; the recorded value otherwise. The candidate is
prepared as base was, so that what it holds of its own (one more handler in a registry) stays.

A baseline may be hostile: only data is replaced, under names of included modules and classes that are there.
"""

from __future__ import annotations

import collections
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import ModuleType
from typing import Any, NamedTuple

from ...recorders.capture.raw import class_name
from ...recorders.capture.thaw import capture
from ...recorders.model.full_names import split_name
from ...recorders.model.state_places import COMMAND_LINE, MADE_AGAIN
from ...recorders.model.trace import StateRead, Trace
from ...recorders.model.value_tree import ClassName, OpaqueNode, Tree
from ..model.digests import Digests
from ..model.job import StateUse
from .producers import Producers
from .rebuild import Find, Stand, build
from .resolver import Resolver, Unbuildable, is_program


class LivePlace:
    """One name of an included module or class that is loaded."""

    def __init__(self, name: str, resolver: Resolver) -> None:
        """Raises `Unbuildable` where there is no such name, or no data under it."""
        module, path = split_name(name)
        *owners, self._key = path.split(".")
        if name == COMMAND_LINE:
            self._holder: Any = sys
            return
        shown = f"{module}.{path}"
        if not resolver.covers(module) or is_program(module):
            raise Unbuildable(f"the state {shown} lies outside the included packages")
        holder: Any = sys.modules.get(module)
        for owner in owners:
            holder = vars(holder).get(owner) if hasattr(holder, "__dict__") else None
            if not (isinstance(holder, type) and resolver.covers(holder.__module__)):
                raise Unbuildable(f"the state {shown} is gone: the code under test has no such class")
        if not isinstance(holder, (ModuleType, type)) or self._key not in vars(holder) or self._key.startswith("__"):
            raise Unbuildable(f"the state {shown} is gone: the code under test has no such name")
        self._holder = holder
        held = self.value
        if isinstance(held, (type, ModuleType)) or callable(held) or hasattr(type(held), "__get__"):
            raise Unbuildable(f"the state {shown} is no data in the code under test")

    @property
    def value(self) -> Any:
        """What stands there."""
        return vars(self._holder)[self._key]

    @property
    def held(self) -> ClassName:
        """The name of its class."""
        return class_name(type(self.value))

    def is_like(self, tree: Tree) -> bool:
        """Whether what stands there is what was recorded, private parts and all; of what is no data, its class."""
        if isinstance(tree, OpaqueNode) and tree.reason == MADE_AGAIN:
            return self.held == tree.cls
        now = capture(self.value)
        return Digests(now, whole=True).of(now) == Digests(tree, whole=True).of(tree)

    def bind(self, value: Any) -> None:
        """Let the name stand for another value."""
        if isinstance(self._holder, type):
            type.__setattr__(self._holder, self._key, value)
        else:
            vars(self._holder)[self._key] = value

    def put(self, value: Any) -> None:
        """Put a value there; a container or instance of the same class is filled, for it may have other names too."""
        held = self.value
        content = _Content(value)
        if self._holder is sys and not (type(value) is list and all(type(word) is str for word in value)):
            raise Unbuildable("what the program was called with is no list of words")
        if type(held) is type(value) and content.is_anything:
            content.fill(held)
        else:
            self.bind(value)

    def saved(self) -> Callable[[], None]:
        """What puts back what stands there now."""
        held = self.value
        content = _Content(held)

        def put_back() -> None:
            self.bind(held)
            content.fill(held)

        return put_back


class _Content:
    """What a container or an instance holds, one level deep: two values of a class can be given each other's."""

    def __init__(self, held: Any) -> None:
        self._parts = next((parts for base, parts in _PARTS.items() if isinstance(held, base)), None)
        self._items = self._parts.read(held) if self._parts is not None else None
        namespace = _namespace(held)
        self._names = dict(namespace) if namespace is not None else None

    @property
    def is_anything(self) -> bool:
        """Whether values of the class can be filled at all."""
        return self._parts is not None or self._names is not None

    def fill(self, held: Any) -> None:
        """Give a value of the same class this content."""
        if self._parts is not None:
            self._parts.clear(held)
            self._parts.extend(held, self._items)
        namespace = _namespace(held)
        if namespace is not None and self._names is not None:
            namespace.clear()
            namespace.update(self._names)


class _Parts(NamedTuple):
    read: Callable[[Any], Any]
    clear: Callable[[Any], None]
    extend: Callable[[Any, Any], None]


_PARTS: Mapping[type, _Parts] = {
    dict: _Parts(lambda held: dict(dict.items(held)), dict.clear, dict.update),
    list: _Parts(lambda held: list(list.__iter__(held)), list.clear, list.extend),
    set: _Parts(lambda held: list(set.__iter__(held)), set.clear, set.update),
    collections.deque: _Parts(
        lambda held: list(collections.deque.__iter__(held)), collections.deque.clear, collections.deque.extend
    ),
    bytearray: _Parts(bytes, bytearray.clear, bytearray.extend),
}


def _namespace(held: Any) -> dict[str, Any] | None:
    found = object.__getattribute__(held, "__dict__") if type(held).__dictoffset__ else None
    return found if type(found) is dict else None


class PreparedState:
    """The state that one trace is replayed on, until it is put back."""

    def __init__(self, trace: Trace, resolver: Resolver, producers: Producers | None, stand: Stand) -> None:
        """Without `producers` recorded values alone are used; `stand` gives what stands for callables in them."""
        self._trace = trace
        self._resolver = resolver
        self._producers = producers
        self._stand = stand
        self._undos: list[Callable[[], None]] = []

    def prepare(self, wanted: StateUse | None) -> StateUse:
        """Let the state be as it was recorded; `wanted` is what base did for that, `None` where nobody found out yet.
        What was done; raises `Unbuildable` where the code under test cannot be prepared as base was."""
        reads = {read.place: read for read in self._trace.state}
        if wanted is not None:
            self._follow(wanted, reads)
            return wanted
        faults: dict[str, str] = {}
        differing: dict[str, LivePlace] = {}
        for read in reads.values():
            try:
                place = LivePlace(read.place, self._resolver)
            except Unbuildable as reason:
                faults[read.place] = str(reason)
                continue
            if not place.is_like(read.value):
                differing[read.place] = place
        loaded = {name: place.held for name, place in differing.items()}
        self._save(differing.values())
        made = self._make([reads[name] for name in differing]) if differing else []
        restored: dict[str, ClassName] = {}
        for name, place in differing.items():
            if place.is_like(reads[name].value):
                continue
            try:
                place.put(self._built(reads[name].value))
            except Unbuildable as reason:
                faults[name] = str(reason)
            else:
                restored[name] = loaded[name]
        return StateUse({name: loaded[name] for name in made}, restored, faults)

    def put_back(self) -> None:
        """Leave no more of it than a replay leaves anyway."""
        while self._undos:
            self._undos.pop()()

    def _follow(self, wanted: StateUse, reads: Mapping[str, StateRead]) -> None:
        names = [name for name in dict.fromkeys((*wanted.made, *wanted.restored)) if name in reads]
        restored = {name: LivePlace(name, self._resolver) for name in wanted.restored if name in reads}
        for name, place in restored.items():
            if place.held != wanted.restored[name]:
                raise Unbuildable(
                    f"the state {_dotted(name)} holds a {_dotted(place.held)} in the code under test, and "
                    f"a {_dotted(wanted.restored[name])} in base: what was recorded cannot be put there"
                )
        self._save(found for found in map(self._place_of, names) if found is not None)
        if wanted.made:
            self._run_makers([reads[name] for name in wanted.made if name in reads])
        for name, place in restored.items():
            place.put(self._built(reads[name].value))

    def _place_of(self, name: str) -> LivePlace | None:
        try:
            return LivePlace(name, self._resolver)
        except Unbuildable:
            return None  # renamed, perhaps: what makes it knows where it is now

    def _save(self, places: Iterable[LivePlace]) -> None:
        self._undos.extend(place.saved() for place in places)

    def _make(self, reads: Sequence[StateRead]) -> list[str]:
        """Replay what changed these; the places for which that was done."""
        able = [read for read in reads if read.makers]
        if not able or self._producers is None:
            return []
        try:
            self._run_makers(able)
        except Unbuildable:
            return []  # the recorded values are put there instead
        return [read.place for read in able]

    def _run_makers(self, reads: Sequence[StateRead]) -> None:
        """Replay the traces that changed these, in order, from what the first of them found; raises `Unbuildable`."""
        if self._producers is None:
            return
        for read in reads:
            if not read.whole:
                self._begin(read)
        wanted = {number for read in reads for number in read.makers}
        makers = [self._trace.producers[number] for number in wanted if 0 <= number < len(self._trace.producers)]
        for maker in sorted(makers, key=self._producers.started):
            self._producers.produced(maker)

    def _begin(self, read: StateRead) -> None:
        """Put there what the first of those that changed it found; raises `Unbuildable`."""
        assert self._producers is not None
        if not 0 <= read.makers[0] < len(self._trace.producers):
            raise Unbuildable(f"the recording does not say what set {_dotted(read.place)}")
        first = self._producers.trace(self._trace.producers[read.makers[0]])
        found = next((before for before in first.state if before.place == read.place), None)
        if found is not None:
            LivePlace(read.place, self._resolver).put(self._built(found.value, first))

    def _built(self, tree: Tree, trace: Trace | None = None) -> Any:
        find: Find | None = None
        if self._producers is not None and trace is None:
            find = self._producers.finder(self._trace)
        return build(tree, self._resolver, find, self._stand)


def _dotted(name: str) -> str:
    return name.replace(":", ".")
