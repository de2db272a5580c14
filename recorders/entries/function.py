"""This file is about function entries: the outermost call from outside into an included function or method.

Functions are wrapped where modules and classes hold them, after the module ran, so that decorators are part of the
entry. A call from included code, or inside another entry, goes straight through.
"""

from __future__ import annotations

import fnmatch
import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from types import FunctionType, ModuleType
from typing import Any

from .. import context
from ..arguments import watched
from ..capture import freeze, same_frozen
from ..patching import PatchedFunction, Undos
from ..provenance import Origins
from ..readers import class_name
from ..session import LiveTrace, Session
from .target import is_public_operator

_mro = type.__dict__["__mro__"].__get__
_dict = type.__dict__["__dict__"].__get__


class EntryFunction(PatchedFunction):
    """A function of an included module whose calls from outside are traces."""


class FunctionEntries:
    """Wraps the functions of included modules as they are imported."""

    def __init__(self, session: Session, patterns: Sequence[str], skip: Sequence[str], undos: Undos) -> None:
        """`patterns` of `module:qualname` narrow the entries down; `skip` names functions that are none."""
        self._session = session
        self._patterns = [pattern for pattern in patterns if pattern not in ("wsgi", "functions")]
        self._all = "functions" in patterns
        self._skip = frozenset(skip) - {""}
        self._undos = undos

    def wrap_module(self, module: ModuleType) -> None:
        """Wrap what a module defines."""
        self._session.provenance.saw_module(module, self._session.included.covers)
        if not self._all and not self._patterns:
            return
        for owner, name, target, value in _definitions(module):
            entry = f"{module.__name__}:{target}"
            if not self._skipped(entry) and self._wanted(entry):
                wrapper = self._wrapper(entry, _kind(owner, name, value), value)
                _set(owner, name, EntryFunction(value, wrapper))
                self._undos.add(partial(_set, owner, name, value))

    def _skipped(self, entry: str) -> bool:
        """Whether the function, or the class that holds it, is none."""
        return entry in self._skip or entry.rpartition(".")[0] in self._skip

    def _wanted(self, entry: str) -> bool:
        return self._all or any(fnmatch.fnmatchcase(entry, pattern) for pattern in self._patterns)

    def _wrapper(self, entry: str, kind: str, value: Any) -> Callable[..., Any]:
        session = self._session
        included = session.included
        parameters = _parameters(value, kind)
        current = context.current  # a local name: inner calls of every request come through here

        def call(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
            if current() is not None or included(sys._getframe(1).f_code.co_filename):
                return wrapped(*args, **kwargs)
            return _record(session, entry, kind, parameters, wrapped, instance, args, kwargs)

        return call


def _record(
    session: Session,
    entry: str,
    kind: str,
    parameters: tuple[str, ...],
    wrapped: Any,
    instance: Any,
    args: Any,
    kwargs: Any,
) -> Any:
    trace = session.begin("function", entry)
    if trace is None:
        token = context.enter(context.UNSAMPLED)
        try:
            return wrapped(*args, **kwargs)
        finally:
            context.leave(token)
    receiver = instance if kind == "method" else None
    if kind == "constructor":
        receiver = _inheriting(session, entry, instance)
    args, kwargs = _watched(session, trace, args, kwargs)
    arguments = (receiver, args, kwargs)
    origins = Origins(session.provenance)
    before = freeze(arguments, origins=origins)
    trace.makers, trace.depth = origins.makers, origins.depth + 1
    trace.label = (entry, entry.partition(":")[0])
    trace.input = (kind, before, parameters)
    trace.resume()
    try:
        result = wrapped(*args, **kwargs)
    except BaseException as error:
        trace.pause()
        trace.outcome_error(error)
        _finish(session, trace, before, arguments, origins, None)
        raise
    trace.pause()
    value = instance if kind == "constructor" else result
    trace.outcome("return", value)
    _finish(session, trace, before, arguments, origins, value)
    return result


def _inheriting(session: Session, entry: str, instance: Any) -> type | None:
    """The included class of an instance that inherits the constructor which is called; `None` where it is that of the
    entry itself, or one that makes more of its instances than the entry does."""
    cls = type(instance)
    owner = next((base for base in _mro(cls) if "__init__" in _dict(base)), None)
    if owner is None or owner is cls or f"{class_name(owner)}.__init__" != entry:
        return None
    return cls if session.included.covers(class_name(cls).partition(":")[0]) else None


def _watched(session: Session, trace: LiveTrace, args: Any, kwargs: Any) -> tuple[Any, Any]:
    try:
        return watched(trace.world, session.included, args, kwargs)
    except Exception as fault:  # noqa: BLE001 - the service must never see a fault of its recorder
        session.fault(fault)
        return args, kwargs


def _finish(session: Session, trace: LiveTrace, before: Any, arguments: Any, origins: Origins, value: Any) -> None:
    after = freeze(arguments, origins=origins)
    receiver, args, kwargs = arguments
    made: dict[str, Any] = {"value": value}
    if not same_frozen(before, after):
        trace.arguments_after = after
        made = {"receiver": receiver, "args": args, "kwargs": kwargs, **made}
    try:
        session.provenance.made(trace, session.included.covers, **made)
    except Exception as fault:  # noqa: BLE001 - the service must never see a fault of its recorder
        session.fault(fault)
    session.finish(trace)


def _set(owner: Any, name: str, value: Any) -> None:
    if isinstance(owner, type):
        type.__setattr__(owner, name, value)  # past a metaclass that guards its attributes
    else:
        setattr(owner, name, value)


def _parameters(value: Any, kind: str) -> tuple[str, ...]:
    """Names of the positional parameters, without the receiver: redaction goes by names."""
    code = inspect.unwrap(getattr(value, "__func__", value)).__code__
    names: tuple[str, ...] = code.co_varnames[: code.co_argcount]
    return names if kind == "function" else names[1:]


def _kind(owner: Any, name: str, value: Any) -> str:
    if not isinstance(owner, type) or isinstance(value, staticmethod):
        return "function"
    if isinstance(value, classmethod):
        return "classmethod"
    return "constructor" if name == "__init__" else "method"


def _definitions(module: ModuleType) -> Iterator[tuple[Any, str, str, Any]]:
    """(owner, attribute, qualified name, value) of what the module itself defines and an outsider could call."""
    for name, value in list(vars(module).items()):
        if isinstance(value, type):
            if value.__module__ == module.__name__ and _wrappable_class(value):
                for attribute, member in list(vars(value).items()):
                    if _callable_member(attribute, member):
                        yield value, attribute, f"{value.__qualname__}.{attribute}", member
        elif _is_function(value) and value.__module__ == module.__name__ and value.__qualname__ == name:
            yield module, name, name, value


def _wrappable_class(cls: type) -> bool:
    return not issubclass(cls, BaseException) and not getattr(cls, "_is_protocol", False)


def _callable_member(name: str, member: Any) -> bool:
    function = member.__func__ if isinstance(member, (staticmethod, classmethod)) else member
    if not _is_function(function):
        return False
    return not (name.startswith("__") and name.endswith("__")) or is_public_operator(name)


def _is_function(value: Any) -> bool:
    """A plain function, or a callable that stands for one (`functools.lru_cache`); calling it gives the result."""
    wrapped = inspect.unwrap(value) if callable(value) and hasattr(value, "__wrapped__") else value
    if not isinstance(wrapped, FunctionType) or isinstance(value, type):
        return False
    if not isinstance(value, FunctionType) and not callable(value):
        return False
    # Coroutines and generators end after the call does; an outermost one is left alone.
    return not wrapped.__code__.co_flags & (inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR)
