"""Entries that are calls of functions."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from functools import partial
from types import FunctionType, ModuleType, TracebackType
from typing import Any

import msgspec

from ...recorders.model.full_names import module_part, split_name
from ...recorders.model.inputs import CallInput, Input, call_input
from ...recorders.model.trace import Entry, Trace
from ...recorders.model.value_tree import DictNode, ListNode, Tree, field
from ...recorders.session.call_watch import consuming
from ..world.awaiting import drive, items_of
from ..world.call_frame import called_from, caller_of
from ..world.drained import drained
from ..world.live_objects import live_functions
from ..world.local_functions import is_function
from ..world.rebuild import Stand, build
from ..world.recorded_arguments import RecordedIterator, recorded_awaitable, recorded_callable
from ..world.recorded_world import RecordedWorld
from ..world.resolver import Resolver, Unbuildable, is_program
from ..world.stopping import TraceStopped
from ..world.uncaptured import uncaptured
from .protocol import BoundEntry, CodeUnderTest, EntryGone, EntryUnavailable, EntryUncallable, Left, PlainReplayer

MOST_ITEMS = 10_000
"""Items that are taken of a generator that came to its end when it was recorded."""

MOST_ARGUMENTS = 1000
"""Positional arguments that a message may number."""

UNCALLED = {
    "local": "no name leads to the function, so a replay cannot call it",
    "deferred": "an older version recorded of a coroutine that it ran, not how it is called; record it again",
}
"""Kinds of functions whose traces say that they ran, and no more, with the reason."""


class FunctionReplayer(PlainReplayer):
    """Calls functions."""

    kind = "function"
    is_call = True

    def bind(self, entry: Entry, trace: Trace, world: RecordedWorld, code: CodeUnderTest) -> BoundEntry:
        """The function that the entry names, with the recorded arguments, or with those that their makers give."""
        given = trace.input
        if not isinstance(given, CallInput):
            raise Unbuildable("it is no call")
        if given.kind in UNCALLED and not is_function(given.part(0)):
            raise EntryUncallable(UNCALLED[given.kind])
        resolver = code.resolver
        try:
            # Hashing a key, or finding a member, may run code of an included class.
            with code.apart(trace):
                arguments = code.arguments(trace, world)
                caller = caller_of(given.caller, resolver, standing_in(world))
            how = {"generates": given.generates, "awaits": given.awaits}
            function = callable_of(entry.target, given.kind, arguments[0], resolver, **how)
        except (Unbuildable, TraceStopped) as reason:
            which = next((f"{part}: " for part, tree in _parts(given) if not _is_buildable(tree, resolver)), "")
            raise Unbuildable(f"the recorded input cannot be rebuilt: {which}{reason}") from reason
        if given.generates and not given.awaits:
            taken = _items_taken(trace)
            return lambda: run_generator(function, arguments, taken)
        called = function if caller is None else called_from(caller, function)
        if given.awaits:
            called = awaited(called, world, _items_taken(trace) if given.generates else None)
        return lambda: run_function(called, arguments)

    def read(self, tree: Tree) -> Input:
        """The call."""
        return call_input(tree)

    def parts(self, given: Input) -> Tree:
        """The arguments."""
        return given.arguments if isinstance(given, CallInput) else given.tree()

    def with_parts(self, given: Input, parts: Tree) -> Input:
        """The call with other arguments."""
        assert isinstance(given, CallInput)
        return msgspec.structs.replace(given, arguments=parts)


def function_entry(target: str) -> Entry:
    """The entry that a function is, called by itself."""
    return Entry(target, FunctionReplayer.kind, module_part(target), target)


def _items_taken(trace: Trace) -> int:
    """How many items of a generator are to be taken: as many as were, or all where it came to its end."""
    items = field(trace.outcome.value, "items")
    is_whole = field(trace.outcome.value, "ended") is not False
    return len(items.items) if isinstance(items, ListNode) and not is_whole else MOST_ITEMS


def _parts(given: CallInput) -> Iterator[tuple[str, Tree]]:
    """The parts of an input, each with what it is in words."""
    yield ("the function itself" if given.kind == "local" else "its object"), given.part(0)
    labels = (f"argument `{name}`" for name in given.parameters)
    further = (
        f"argument {number}" for number in range(len(given.parameters) + 1, len(given.parameters) + MOST_ARGUMENTS)
    )
    yield from zip([*labels, *further], given.positional, strict=False)
    named = given.part(2)
    if isinstance(named, DictNode):
        yield from ((f"argument `{key}`", value) for key, value in zip(named.keys, named.values, strict=True))


def _is_buildable(tree: Tree, resolver: Resolver) -> bool:
    try:
        build(tree, resolver, None, lambda kind, parts: None)
    except Unbuildable:
        return False
    return True


def standing_in(world: RecordedWorld) -> Stand:
    """What stands for the callables and iterators that a trace was given, and for what of it was not captured."""

    def stand(kind: str, parts: list[Any]) -> Any:
        if kind == "uncaptured":
            return uncaptured(*parts)
        if kind == "callable":
            return recorded_callable(parts)
        number = parts[0] if parts and isinstance(parts[0], int) else 0
        ticket = world.begin(consuming(number), number)
        return recorded_awaitable(number, str(parts[1]), ticket) if len(parts) > 1 else RecordedIterator(number, ticket)

    return stand


def awaited(function: Callable[..., Any], world: RecordedWorld, most: int | None = None) -> Callable[..., Any]:
    """A function that drives what another returns to its end on an event loop, and gives the result; with `most`, the
    items of an asynchronous generator, up to as many."""

    def call(*args: Any, **kwargs: Any) -> Any:
        if most is None:
            return drive(lambda: function(*args, **kwargs), world)
        return drive(lambda: items_of(function(*args, **kwargs), most), world)

    return call


def callable_of(
    target: str, kind: str, receiver: Any, resolver: Resolver, *, generates: bool = False, awaits: bool = False
) -> Callable[..., Any]:
    """The function of an entry in the code under test; raises `EntryGone`, or `EntryUnavailable` when a baseline
    names something outside the included packages. Of a generator it is the generator function that it comes down to,
    and of a coroutine the coroutine function, where a decorator made it something that is awaited by other means."""
    module_name, qualname = split_name(target)
    if not resolver.covers(module_name):
        raise EntryUnavailable(f"refused to call {target}: it lies outside the included packages")
    owner: Any = sys.modules.get(module_name)
    if owner is None:
        raise _missing(target, module_name, resolver)
    if kind == "local" and type(receiver) is FunctionType:
        return receiver
    *path, name = qualname.split(".")
    for part in path:
        owner = vars(owner).get(part)
        if owner is None:
            raise EntryGone(f"{target} is gone: {module_name} has no {'.'.join(path)}")
        if not (isinstance(owner, type) and resolver.covers(owner.__module__)):
            raise EntryUnavailable(f"refused to call {target}: it leads outside the included packages")
    if kind == "constructor":
        # The receiver of a constructor is a class that inherits it, where one was asked for an instance.
        inherits = isinstance(receiver, type) and owner in receiver.__mro__
        constructed: Callable[..., Any] = receiver if inherits else owner
        return constructed
    found = _kept_function(owner, name) if kind == "registered" else _member(owner, name)
    if found is None:
        raise EntryGone(f"{target} is gone: {module_name} has no {qualname}")
    if is_foreign(found, resolver):
        raise EntryUnavailable(f"refused to call {target}: it leads outside the included packages")
    if generates or awaits:
        written = inspect.unwrap(_getter(found) if kind == "property" else getattr(found, "__func__", found))
        is_generating = inspect.isasyncgenfunction(written) if awaits else inspect.isgeneratorfunction(written)
        if generates and not awaits and not is_generating:
            raise EntryGone(f"{target} is no generator function any more")
        if is_generating or (inspect.iscoroutinefunction(written) and not inspect.iscoroutinefunction(found)):
            return partial(written, owner if receiver is None else receiver) if kind in _RECEIVING else written
    if kind == "property":
        return partial(_getter(found), receiver)
    if kind == "method" or (kind == "classmethod" and isinstance(receiver, type)):
        bound: Callable[..., Any] = (
            found.__get__(None, receiver) if kind == "classmethod" else found.__get__(receiver, type(receiver))
        )
        return bound
    called: Callable[..., Any] = found if kind == "registered" else getattr(owner, name)
    return called


_RECEIVING = ("method", "classmethod", "property")


def _kept_function(module: Any, name: str) -> Any:
    """The function of a module that is defined under a name and stands there no more, whoever keeps it; `None` where
    there is none, or more than one. Its code knows that name, whatever a decorator renamed it to."""
    kept = [one for one in live_functions(module) if one.__code__.co_qualname == name]
    return kept[0] if len(kept) == 1 else None


def _missing(target: str, module: str, resolver: Resolver) -> Exception:
    """What is to be said of an entry whose module is not there: it is gone, or the module cannot be imported."""
    fault = resolver.faults.get(module, "")
    if is_program(module):
        return EntryUnavailable(f"refused to call {target}: a program's own module is not imported for a baseline")
    if fault and not fault.startswith(("ModuleNotFoundError", "ImportError")):
        return EntryUnavailable(f"{target} cannot be called: its module cannot be imported: {fault}")
    return EntryGone(f"{target} is gone: {resolver.why_missing(module)}")


def _getter(found: Any) -> Callable[..., Any]:
    """What computes a property; raises `EntryGone` where it is none any more."""
    getter = found.fget if isinstance(found, property) else getattr(found, "func", None)
    if not callable(getter):
        raise EntryGone("it is no property any more")
    return getter


def is_foreign(value: Any, resolver: Resolver) -> bool:
    """Whether a value is what a module outside the included packages defines; a wrapper that one made is not."""
    home, name = getattr(value, "__module__", None), getattr(value, "__qualname__", "")
    if isinstance(value, ModuleType):
        return True
    if not isinstance(home, str) or resolver.covers(home):
        return False
    found: Any = sys.modules.get(home)
    for part in str(name).split("."):
        found = getattr(found, "__dict__", {}).get(part)
    return found is value


def _member(owner: Any, name: str) -> Any:
    """An attribute of a module, or of a class or what it inherits from, as it is held there."""
    holders = owner.__mro__ if isinstance(owner, type) else (owner,)
    return next((vars(holder)[name] for holder in holders if name in vars(holder)), None)


def run_function(function: Callable[..., Any], arguments: Any) -> tuple[Left, TracebackType | None]:
    """Call a function with (receiver, args, kwargs); what it left, and where that came from if it raised."""
    _receiver, args, kwargs = arguments
    try:
        result = drained(function(*args, **kwargs), arguments)
    except TraceStopped:
        raise
    except BaseException as error:  # noqa: BLE001 - what leaves an entry is its outcome
        return Left("exception", error, arguments), error.__traceback__
    return Left("return", result, arguments), None


def run_generator(function: Callable[..., Any], arguments: Any, most: int) -> tuple[Left, TracebackType | None]:
    """Take the items of a generator, up to `most`, and close it; what it left, and where that came from."""
    _receiver, args, kwargs = arguments
    items: list[Any] = []
    returned, ended = None, False
    try:
        generator = function(*args, **kwargs)
        while len(items) < most:
            try:
                items.append(next(generator))
            except StopIteration as end:
                returned, ended = end.value, True
                break
        if not ended:
            generator.close()
    except TraceStopped:
        raise
    except BaseException as error:  # noqa: BLE001 - what leaves an entry is its outcome
        return Left("exception", error, arguments), error.__traceback__
    return Left("return", {"items": items, "returned": returned, "ended": ended}, arguments), None
