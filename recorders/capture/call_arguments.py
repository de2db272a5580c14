"""How a function was called, read from its frame before its first instruction.

A frame holds the values of the parameters, not which of them the caller gave: a default may stand there of its own.
The calling instruction says so where the caller is Python code that calls directly; else a value that *is* the
default counts as not given.
"""

from __future__ import annotations

import gc
import sys
import weakref
from opcode import opmap
from types import CodeType, FrameType, FunctionType
from typing import Any, NamedTuple, TypeAlias

from ..code_flags import CO_VARARGS, CO_VARKEYWORDS

_NONE: dict[str, Any] = {}
_function_defaults = FunctionType.__dict__["__defaults__"].__get__
_function_kwdefaults = FunctionType.__dict__["__kwdefaults__"].__get__


class Parameters(NamedTuple):
    """The parameters of a code object by their kinds."""

    positional: tuple[str, ...]
    only_positional: int
    """How many of them cannot be given by name."""
    named: tuple[str, ...]
    """Those that can be given by name alone."""
    rest: str
    """`args` of `*args`, or empty."""
    others: str
    """`kwargs` of `**kwargs`, or empty."""


def parameters_of(code: CodeType) -> Parameters:
    """The parameters of a function's code."""
    names, count, named = code.co_varnames, code.co_argcount, code.co_kwonlyargcount
    end = count + named
    rest = names[end] if code.co_flags & CO_VARARGS else ""
    end += bool(rest)
    others = names[end] if code.co_flags & CO_VARKEYWORDS else ""
    return Parameters(names[:count], code.co_posonlyargcount, names[count : count + named], rest, others)


class Defaults(NamedTuple):
    """The defaults of a function: of its last positional parameters, and of those that go by name alone."""

    positional: tuple[Any, ...]
    named: dict[str, Any]


NO_DEFAULTS = Defaults((), _NONE)


def defaults_of(function: FunctionType) -> Defaults:
    """The defaults that a function has now."""
    return Defaults(_function_defaults(function) or (), _function_kwdefaults(function) or _NONE)


class Arguments(NamedTuple):
    """The arguments of a call, receiver included."""

    positional: list[Any]
    named: dict[str, Any]


def locals_of(frame: FrameType, *, traced: bool = False) -> dict[str, Any]:
    """The local variables of a frame that has just started; nothing of them stays behind in the frame.

    Before 3.13 a frame keeps the dict that it was asked for, and with it the arguments alive (PEP 667). While a trace
    function runs (`traced`), that dict is written back to the frame, and must stay as it is.
    """
    values = frame.f_locals
    found = dict(values)
    if sys.version_info < (3, 13) and not traced:
        values.clear()
    return found


_ATOMS = frozenset(map(id, (type(None), bool, int, float, complex, str, bytes)))
_REFERENCES = 4 if sys.version_info < (3, 14) else 0
"""To an object that the frame alone holds, as `is_private` counts them: the frame, the dict of locals, the loop, the
call that counts. Since 3.14 a frame may borrow what its caller holds, and counts say nothing."""


def are_scalars(values: dict[str, Any]) -> bool:
    """Whether all arguments are immutable scalars: nothing can happen to them."""
    return all(id(type(value)) in _ATOMS for value in values.values())


def is_private(values: dict[str, Any]) -> bool:
    """Whether no one outside could see a change of the arguments in `values`, the locals of a frame that has just
    started: they are immutable scalars, and objects that only the frame refers to, which hold nothing but scalars.

    Such objects are not held while the call lasts, so that they go when they would have gone (`Held`).
    """
    for value in values.values():
        if id(type(value)) in _ATOMS or (type(value) is tuple and not value):
            continue
        if sys.getrefcount(value) != _REFERENCES or not all(map(_is_scalar, gc.get_referents(value))):
            return False
    return True


class Held:
    """Arguments while a call lasts: (receiver, args, kwargs). Where no one else could see a change of them, the
    objects are held weakly."""

    def __init__(self, receiver: Any, args: tuple[Any, ...], kwargs: dict[str, Any], *, private: bool) -> None:
        hold = _weakly if private else _strongly
        self._receiver = hold(receiver)
        self._args = tuple(map(hold, args))
        self._kwargs = {name: hold(value) for name, value in kwargs.items()}

    def now(self) -> tuple[Any, tuple[Any, ...], dict[str, Any]] | None:
        """The arguments as they are; `None` when one of them is gone."""
        try:
            args = tuple(_held(one) for one in self._args)
            return _held(self._receiver), args, {name: _held(one) for name, one in self._kwargs.items()}
        except ReferenceError:
            return None


_Hold: TypeAlias = tuple[Any, "weakref.ref[Any] | None"]


def _strongly(value: Any) -> _Hold:
    return value, None


def _weakly(value: Any) -> _Hold:
    return (None, weakref.ref(value)) if _weakrefoffset(type(value)) else (value, None)


def _held(hold: _Hold) -> Any:
    value, reference = hold
    if reference is None:
        return value
    found = reference()
    if found is None:
        raise ReferenceError
    return found


_weakrefoffset = type.__dict__["__weakrefoffset__"].__get__


def _is_scalar(value: Any) -> bool:
    cls = type(value)
    if cls is dict:
        return all(id(type(one)) in _ATOMS for one in value.values())
    return id(cls) in _ATOMS or cls is type


def given(
    frame: FrameType,
    parameters: Parameters,
    values: dict[str, Any],
    defaults: Defaults = NO_DEFAULTS,
    *,
    bound: bool = False,
) -> Arguments:
    """The arguments that a frame was called with; `values` are its local variables at its start. `bound`: the first
    parameter is a receiver, which a calling instruction does not count."""
    rest: tuple[Any, ...] = values[parameters.rest] if parameters.rest else ()
    others: dict[str, Any] = values[parameters.others] if parameters.others else _NONE
    shape = _shape(frame.f_back)
    if shape is not None:
        as_called = _as_called(parameters, values, defaults, (1, 0) if bound else (0,), *shape)
        if as_called is not None:
            return as_called
    positional = [values[name] for name in parameters.positional]
    if not rest:
        for default in reversed(defaults.positional):
            if not positional or positional[-1] is not default:
                break
            positional.pop()
    named = {name: values[name] for name in parameters.named if not _is_default(name, values[name], defaults)}
    return Arguments([*positional, *rest], {**named, **others})


def _is_default(name: str, value: Any, defaults: Defaults) -> bool:
    return name in defaults.named and defaults.named[name] is value


def _as_called(
    parameters: Parameters,
    values: dict[str, Any],
    defaults: Defaults,
    receivers: tuple[int, ...],
    count: int,
    names: tuple[str, ...],
) -> Arguments | None:
    """The arguments as a calling instruction gave them: `count` by position, `names` by name, after as many receivers
    as one of `receivers` says; `None` where the call that the instruction makes cannot be this one."""
    if len(values) == count + receivers[0] == len(parameters.positional) and not names:
        return Arguments(list(values.values()), {})  # nothing else could have been given
    rest: tuple[Any, ...] = values[parameters.rest] if parameters.rest else ()
    others: dict[str, Any] = values[parameters.others] if parameters.others else _NONE
    for receiver in receivers:
        filled = min(count + receiver, len(parameters.positional))
        if len(rest) != count + receiver - filled:
            continue
        left = parameters.positional[max(filled, parameters.only_positional) :]
        by_name = {name for name in names if name in left or name in parameters.named}
        if set(names) - by_name != set(others):
            continue
        known = by_name | _unset(parameters, values, filled, defaults)
        if known.issuperset((*parameters.positional[filled:], *parameters.named)):
            positional = [values[name] for name in parameters.positional[:filled]]
            named = {name: others[name] if name in others else values[name] for name in names}
            return Arguments([*positional, *rest], named)
    return None


def _unset(parameters: Parameters, values: dict[str, Any], filled: int, defaults: Defaults) -> set[str]:
    """Parameters beyond the first `filled` that hold their defaults."""
    first = len(parameters.positional) - len(defaults.positional)
    found = {
        name
        for number, (name, default) in enumerate(
            zip(parameters.positional[first:], defaults.positional, strict=False), start=first
        )
        if number >= filled and values[name] is default
    }
    return found | {name for name in parameters.named if _is_default(name, values[name], defaults)}


# --- the calling instruction -------------------------------------------------------------------------------------

Shape: TypeAlias = tuple[int, tuple[str, ...]]
"""Number of arguments by position, and the names of the others."""

_SHAPES_KEPT = 4096
_shapes: dict[tuple[int, int], tuple[CodeType, Shape | None]] = {}
"""By id of the code object, which is kept alive here, and offset."""

_CALL, _CALL_KW, _KW_NAMES, _PRECALL, _LOAD_CONST, _EXTENDED_ARG = (
    opmap.get(name, -1) for name in ("CALL", "CALL_KW", "KW_NAMES", "PRECALL", "LOAD_CONST", "EXTENDED_ARG")
)
_CACHE = opmap["CACHE"]


def _shape(caller: FrameType | None) -> Shape | None:
    """The shape of the call that a frame is making; `None` where its instruction does not say: `f(*args)`, an
    operator, an attribute."""
    if caller is None:
        return None
    code = caller.f_code
    key = id(code), caller.f_lasti
    known = _shapes.get(key)
    if known is None:
        if len(_shapes) >= _SHAPES_KEPT:
            _shapes.clear()
        known = _shapes[key] = code, _shape_at(code, caller.f_lasti)
    return known[1]


def _shape_at(code: CodeType, offset: int) -> Shape | None:
    """The shape of the call at an offset (documentation of `dis`: `CALL`, `KW_NAMES`, `CALL_KW`, `CACHE`)."""
    text = code.co_code
    at = _before(text, offset)
    if at < 0 or text[at] not in (_CALL, _CALL_KW) or (at >= 2 and text[at - 2] == _EXTENDED_ARG):
        return None
    count = text[at + 1]
    before = _before(text, at - 2)
    if before >= 0 and text[before] == _PRECALL:
        before = _before(text, before - 2)
    names: Any = ()
    if before >= 0 and text[before] == (_LOAD_CONST if text[at] == _CALL_KW else _KW_NAMES):
        number, place = text[before + 1], before - 2
        if place >= 0 and text[place] == _EXTENDED_ARG:
            number |= text[place + 1] << 8
        names = code.co_consts[number]
    elif text[at] == _CALL_KW:
        return None
    return (count - len(names), names) if isinstance(names, tuple) else None


def _before(text: bytes, offset: int) -> int:
    """The instruction whose room an offset lies in: caches follow the instruction that they belong to."""
    while offset >= 0 and text[offset] == _CACHE:
        offset -= 2
    return offset
