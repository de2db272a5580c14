"""Arguments that do something when they are used: callables and iterators.

A callable that comes from outside is a boundary: its calls are recorded, and answered on replay. So is a generator: its
items are recorded as it is consumed, and so is a coroutine: what it returns is its answer. All are handed on as they
are. While the trace runs, the tracer reports frames of their code, and arguments, answers and items are read there.
What cannot be watched so (a generator function, a coroutine that runs already) is unknown, with the reason. What can be
read in place (iterators and methods that are written in C, `io.StringIO`, an open file) is captured like any other
value, see `adapters`. What stands for them on replay is in `replay.world.recorded_arguments`.
"""

from __future__ import annotations

import functools
import itertools
import sys
import types
import weakref
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import CodeType, FrameType, FunctionType, MethodType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from ..capture.awaiting import WRAPPER_TYPE, coroutine_in
from ..capture.call_arguments import Defaults, Parameters, defaults_of, locals_of, parameters_of
from ..capture.local_functions import local_function
from ..capture.pickle_stubs import Opaque, Standard
from ..capture.raw import class_name, content_of
from ..code_flags import CO_ASYNC_GENERATOR, CO_COROUTINE, CO_GENERATOR
from ..model.world import Operation
from .watched_runs import CallRun, CoroutineRun, IteratorRun

if TYPE_CHECKING:
    from ..boundaries.live_world import LiveWorld
    from ..capture.readers import Reduced
    from ..context import Watch
    from ..tracing.protocol import Tracer

_DEFERRED = CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR

_method_self = MethodType.__dict__["__self__"].__get__
_method_function = MethodType.__dict__["__func__"].__get__
_code = FunctionType.__dict__["__code__"].__get__
_closure = FunctionType.__dict__["__closure__"].__get__


def calling(number: int, name: str) -> Operation:
    """The operation of calling an argument."""
    return Operation("callable", name, f"argument {number}", "write")


def consuming(number: int) -> Operation:
    """The operation of taking the items of an argument."""
    return Operation("iterator", "next", f"argument {number}", "session")


class Signature(NamedTuple):
    """What a watched callable takes, without what is bound already: calls by position and by name are alike."""

    positional: tuple[str, ...]
    only_positional: int
    named: tuple[str, ...]
    rest: str
    others: str
    defaults: Mapping[str, Any]


def _signature(parameters: Parameters, defaults: Defaults, bound: int, by_name: Mapping[str, Any]) -> Signature:
    first = len(parameters.positional) - len(defaults.positional)
    filled = dict(zip(parameters.positional[first:], defaults.positional, strict=False))
    filled.update(defaults.named)
    filled.update({name: value for name, value in by_name.items() if isinstance(name, str)})
    return Signature(
        parameters.positional[bound:],
        max(parameters.only_positional - bound, 0),
        parameters.named,
        parameters.rest,
        parameters.others,
        {name: value for name, value in filled.items() if name not in parameters.positional[:bound]},
    )


Request: TypeAlias = dict[str, Any]
"""`args` by position, defaults filled in, and `kwargs` by name."""


def bound_request(name: str, signature: Signature, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Request:
    """The request of a call, in the form in which it is read from a frame; raises `TypeError` as the call would."""
    given = dict(zip(signature.positional, args, strict=False))
    rest = tuple(args[len(signature.positional) :])
    if rest and not signature.rest:
        takes = len(signature.positional)
        raise TypeError(f"{name}() takes {takes} positional argument{'s' * (takes != 1)} but {len(args)} were given")
    others: dict[str, Any] = {}
    by_name = {*signature.positional[signature.only_positional :], *signature.named}
    for key, value in kwargs.items():
        if key in given:
            raise TypeError(f"{name}() got multiple values for argument {key!r}")
        if key in by_name:
            given[key] = value
        elif signature.others:
            others[key] = value
        else:
            raise TypeError(f"{name}() got an unexpected keyword argument {key!r}")
    wanted = (*signature.positional, *signature.named)
    values = {**signature.defaults, **given}
    missing = [one for one in wanted if one not in values]
    if missing:
        raise TypeError(f"{name}() missing {len(missing)} required argument(s): {', '.join(map(repr, missing))}")
    args = (*(values[one] for one in signature.positional), *rest)
    return {"args": args, "kwargs": {**{one: values[one] for one in signature.named}, **others}}


def _read_request(signature: Signature, values: Mapping[str, Any]) -> Request:
    args = tuple(values[name] for name in signature.positional)
    rest = values[signature.rest] if signature.rest else ()
    others = values[signature.others] if signature.others else {}
    return {"args": (*args, *rest), "kwargs": {**{name: values[name] for name in signature.named}, **others}}


NUMBERS_KEPT = 10_000
"""Callables whose numbers are remembered."""

_DEFERRED_CALL: Reduced = (
    Opaque,
    ("builtins:function", "a generator function cannot be watched as it is called"),
)


def _running(value: Any) -> Reduced:
    return Opaque, (class_name(type(value)), "it runs already, in a trace of its own")


Form: TypeAlias = Literal["", "asynchronous", "coroutine", "wrapper"]
"""What is consumed: a generator, an asynchronous one, a coroutine, what `__await__` of one gives."""


class _Callable(NamedTuple):
    """A callable argument, and how its frames are distinguished from others of the same code."""

    number: int
    name: str
    signature: Signature
    function: FunctionType
    receiver: Any
    has_receiver: bool

    def is_of(self, values: Mapping[str, Any]) -> bool:
        """Whether local variables are those of a call of it."""
        code = _code(self.function)
        if self.has_receiver and code.co_argcount and values.get(code.co_varnames[0]) is not self.receiver:
            return False
        cells = _closure(self.function) or ()
        return all(values.get(name) is content_of(cell) for name, cell in zip(code.co_freevars, cells, strict=True))


class Numbers:
    """The numbers of callables that were given to entries: one that an object keeps has its own in later traces too."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], tuple[weakref.ref[Any], int]] = {}

    def of(self, function: FunctionType, receiver: Any) -> int | None:
        """The number that a callable was given."""
        known = self._known.get((id(function), id(receiver)))
        return known[1] if known is not None and known[0]() is function else None

    def give(self, function: FunctionType, receiver: Any, number: int) -> None:
        """Remember a number; the oldest go first."""
        self._known[id(function), id(receiver)] = weakref.ref(function), number
        while len(self._known) > NUMBERS_KEPT:
            del self._known[next(iter(self._known))]


class Watched:
    """What is watched of the arguments of one trace, wherever in them it stands."""

    def __init__(
        self,
        world: LiveWorld,
        included: Callable[[str], bool],
        numbers: Numbers,
        tracer: Tracer,
        given: Sequence[Any],
    ) -> None:
        """`given` are the arguments themselves, in order."""
        self.codes: list[CodeType] = []
        """Code whose frames the tracer must report."""
        self._report: Callable[[list[CodeType]], None] | None = None
        self._world = world
        self._included = included
        self._numbers = numbers
        self._rest: Callable[[Watch], bool] = partial(tracer.rest_frame, replacing=False)
        self._waiting = tracer.waiting
        self._places = {id(value): number for number, value in reversed(list(enumerate(given)))}
        self._inner = itertools.count(len(given))
        self._stands: dict[int, tuple[Any, Reduced | None]] = {}
        """What a value is frozen as, by its id; the value is kept alive."""
        self._callables: dict[int, list[_Callable]] = {}
        self._iterators: dict[int, IteratorRun | CoroutineRun] = {}
        """By id of their frame, which each of them holds."""

    def begin(self, report: Callable[[list[CodeType]], None]) -> None:
        """The trace runs: `report` is told of the code whose frames are to be reported, now and as more comes."""
        self._report = report
        self._world.stand = self.stand
        if self.codes:
            report(self.codes)

    def end(self) -> None:
        """The trace is over: nothing that it was given is kept alive."""
        self._report = self._world.stand = None
        for run in self._iterators.values():
            run.stop()

    @property
    def iterators(self) -> list[IteratorRun | CoroutineRun]:
        """Generators and coroutines among the arguments."""
        return list(self._iterators.values())

    def stand(self, value: Any) -> Reduced | None:
        """What a callable or a generator is frozen as; from now on it is watched. `None` for what it is by itself."""
        if type(value) is MethodType:  # made anew by each look at an attribute
            return self._stand_of(value)
        known = self._stands.get(id(value))
        if known is None:
            known = self._stands[id(value)] = value, self._stand_of(value)
        return known[1]

    def _stand_of(self, value: Any) -> Reduced | None:
        cls = type(value)
        if cls is types.GeneratorType:
            return self._consumed(value, "", value.gi_frame)
        if cls is types.AsyncGeneratorType:
            return self._consumed(value, "asynchronous", value.ag_frame)
        if cls is types.CoroutineType:
            return self._consumed(value, "coroutine", value.cr_frame)
        if cls is WRAPPER_TYPE:
            coroutine = coroutine_in(value)
            return self._consumed(
                value, "wrapper", coroutine.cr_frame if type(coroutine) is types.CoroutineType else None
            )
        if cls is FunctionType and self._included(_code(value).co_filename):
            return local_function(value)
        function, receiver, has_receiver, args, kwargs = _parts_of(value)
        if type(function) is not FunctionType or self._included(_code(function).co_filename):
            return None  # part of what is under validation, or known by name
        number = self._number(value, function, receiver)
        if number is None:
            return None
        if _code(function).co_flags & _DEFERRED & ~CO_COROUTINE:
            return _DEFERRED_CALL
        parameters = parameters_of(_code(function))
        signature = _signature(parameters, defaults_of(function), len(args) + has_receiver, kwargs)
        found = _Callable(number, _code(function).co_name, signature, function, receiver, has_receiver)
        self._watch(found)
        more = ("awaited",) if _code(function).co_flags & CO_COROUTINE else ()
        return Standard, ("callable", number, found.name, tuple(signature[:5]), dict(signature.defaults), *more)

    def _number(self, value: Any, function: FunctionType, receiver: Any) -> int | None:
        """The number of a callable; `None` for one that a replay finds by its name in a library."""
        number = self._numbers.of(function, receiver)
        if number is None:
            number = self._places.get(id(value))
            if number is None and "<" not in function.__qualname__:
                return None
            number = next(self._inner) if number is None else number
            self._numbers.give(function, receiver, number)
        return number

    def _watch(self, found: _Callable) -> None:
        code = _code(found.function)
        watched = self._callables.setdefault(id(code), [])
        if not any(one.function is found.function and one.receiver is found.receiver for one in watched):
            watched.append(found)
            self._add(code)

    def _add(self, code: CodeType) -> None:
        self.codes.append(code)
        if self._report is not None:
            self._report([code])

    def _consumed(self, value: Any, form: Form, frame: FrameType | None) -> Reduced | None:
        """A generator or a coroutine that rests, or has not begun; `frame` is its frame."""
        if frame is None and form not in ("", "asynchronous"):
            return None  # it was awaited
        number = self._places.get(id(value))
        number = next(self._inner) if number is None else number
        if frame is None:  # it is at its end
            self._world.begin(consuming(number), number).end()
            return Standard, ("consumed", number, form) if form else ("consumed", number)
        make = IteratorRun if form in ("", "asynchronous") else CoroutineRun
        # The ticket is taken when it is sure that it can be watched.
        run = make(frame.f_code, frame, self._rest)
        if not self._rest(run):
            other = self._waiting(frame)
            if other is not None:
                run.hear(other)
            elif form:
                return _running(value)
        run.ticket = self._world.begin(consuming(number), number)
        self._iterators[id(frame)] = run
        self._add(run.code)
        return Standard, ("consumed", number, form) if form else ("consumed", number)

    def called(self, code: CodeType, frame: FrameType) -> None:
        """A frame of watched code starts within the trace."""
        iterator = self._iterators.get(id(frame))
        if iterator is not None:
            iterator.resumed()
            return
        candidates = self._callables.get(id(code))
        if candidates:
            values = locals_of(frame, traced=sys.version_info < (3, 12))
            for one in candidates:
                if one.is_of(values):
                    request = _read_request(one.signature, values)
                    ticket = self._world.begin(calling(one.number, one.name), request)
                    CallRun(code, frame, ticket, self._rest).enter()
                    return


def _parts_of(value: Any) -> tuple[Any, Any, bool, tuple[Any, ...], dict[str, Any]]:
    """(function, receiver, whether there is one, arguments that are bound by position, those by name)."""
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = {}
    while type(value) is functools.partial:
        args, kwargs = (*value.args, *args), {**value.keywords, **kwargs}
        value = value.func
    if type(value) is MethodType:
        return _method_function(value), _method_self(value), True, args, kwargs
    return value, None, False, args, kwargs
