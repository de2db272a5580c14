"""Targets: under which name a running function can be called again, found from its code alone.

A function is looked for where its qualified name says, then in its module and the module's classes. What a decorator
made counts as found when it leads to the code: as a wrapped function, by `__wrapped__` (PEP 362), or through a cell of
its closure. The code of a wrapper runs for many names; which one it is, the function in its closure says. Attributes
are read raw, so that nothing of the service runs.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator, Mapping
from types import CodeType, FunctionType, ModuleType
from typing import Any, Literal, NamedTuple, TypeAlias

from ..capture.call_arguments import NO_DEFAULTS, Defaults, Parameters, defaults_of, parameters_of
from ..capture.raw import (
    content_of,
    is_instance,
    module_name,
    namespace_of,
    namespace_of_module,
    type_dict,
    type_qualname,
)
from ..code_flags import CO_ASYNC_GENERATOR, CO_COROUTINE, CO_GENERATOR, CO_NEWLOCALS
from .caller import looks_at_callers

Kind: TypeAlias = Literal["function", "method", "classmethod", "constructor", "property", "registered", "local"]
"""How to call it.

`registered`: a function of the module that stands under no name any more, because a decorator put something else
there; who keeps it does not matter. `local`: no name leads to it.
"""

_DEPTH = 6
"""Decorators on one function."""

_LOOKED_AT = 50
"""Functions and contents of closures behind one name."""

_AWAITED = CO_COROUTINE | CO_ASYNC_GENERATOR
_GENERATING = CO_GENERATOR | CO_ASYNC_GENERATOR
_UNCALLED = frozenset({"__del__", "__init_subclass__", "__set_name__", "__class_getitem__", "__prepare__"})
"""Methods that the interpreter calls on its own account."""

_code = FunctionType.__dict__["__code__"].__get__
_closure = FunctionType.__dict__["__closure__"].__get__
_function_dict = FunctionType.__dict__["__dict__"].__get__


class CallTarget(NamedTuple):
    """What a running function is called by, and how."""

    name: str
    """`module:qualname`."""
    kind: Kind
    parameters: Parameters
    """Of its code: how its frame is read."""
    names: tuple[str, ...]
    """The positional parameters of the function that a person wrote there, without the receiver."""
    defaults: Defaults = NO_DEFAULTS
    owner: type | None = None
    """The class that holds it."""
    generates: bool = False
    """Whether it is a generator function, asynchronous or not: calling it runs nothing yet."""
    awaits: bool = False
    """Whether it is a coroutine function or an asynchronous generator function."""
    looks: bool = False
    """Whether it looks at the frame of its caller."""

    @property
    def has_receiver(self) -> bool:
        """Whether its first argument is the object that it belongs to."""
        return self.kind in ("method", "classmethod", "constructor", "property")


TRIES = 3
"""Times that a name is looked for where none was found."""


class Targets:
    """The targets of one process."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[CodeType, CallTarget]] = {}
        """By id of the code: what a name leads to does not change once it was found."""
        self._tries: dict[int, int] = {}

    def find(self, code: CodeType, module: ModuleType, values: Mapping[str, Any]) -> CallTarget:
        """The target of a function that runs; `values` are its local variables."""
        known = self._known.get(id(code))
        if known is not None:
            return known[1]
        found = _by_closure(code, module, values) if code.co_freevars else None
        tries = self._tries.get(id(code), 0)
        if found is None and tries < TRIES:
            found = _by_name(code, module, values)
        if found is None and tries < TRIES:
            self._tries[id(code)] = tries + 1
        elif not code.co_freevars:  # several functions of one code differ in what they close over
            self._known[id(code)] = code, found or _local(code, module)
        return found or _local(code, module)


def is_function(code: CodeType) -> bool:
    """Whether a code object is that of a function that someone may call: no module, class body or comprehension."""
    return bool(code.co_flags & CO_NEWLOCALS) and not (
        code.co_name in _UNCALLED or (code.co_name.startswith("<") and code.co_name != "<lambda>")
    )


def generated_methods(module: ModuleType) -> Iterator[CodeType]:
    """The code of methods of the module's classes that no source file holds: those of a dataclass, of a named tuple."""
    for holder, path in _holders(module):
        for value in list(_namespace_of(holder).values()) if path else ():
            for part in (value, *_parts(value)):
                if type(part) is FunctionType and _code(part).co_filename.startswith("<"):
                    yield _code(part)


def _name_of(module: ModuleType) -> str:
    return module_name(str(namespace_of_module(module).get("__name__", "")))


def _local(code: CodeType, module: ModuleType) -> CallTarget:
    parameters = parameters_of(code)
    kind: Kind = "local" if "." in code.co_qualname or "<" in code.co_qualname else "registered"
    return CallTarget(
        f"{_name_of(module)}:{code.co_qualname}",
        kind,
        parameters,
        parameters.positional,
        generates=bool(code.co_flags & _GENERATING),
        awaits=bool(code.co_flags & _AWAITED),
        looks=looks_at_callers(code),
    )


def _by_name(code: CodeType, module: ModuleType, values: Mapping[str, Any]) -> CallTarget | None:
    """Where the qualified name says; else anywhere in the module and its classes."""
    owner, _, name = code.co_qualname.rpartition(".")
    holder = (_class_at(module, owner) if owner else module) if "<" not in owner else None
    if holder is not None:
        namespace = _namespace_of(holder)
        private = f"_{owner.rpartition('.')[2].lstrip('_')}{name}"  # "Private name mangling" in the language reference
        for one in (name, private):
            if one in namespace and _leads_to(namespace[one], code, values):
                return _target(code, module, holder, owner, one, namespace[one])
    return next(
        (
            _target(code, module, held, path, one, value)
            for held, path in _holders(module)
            for one, value in list(_namespace_of(held).items())
            if type(one) is str and _leads_to(value, code, values)
        ),
        None,
    )


def _by_closure(code: CodeType, module: ModuleType, values: Mapping[str, Any]) -> CallTarget | None:
    """The name that a wrapper stands under: that of a function in its closure."""
    for cell in code.co_freevars:
        wrapped = _innermost(values.get(cell))
        home = _module_of(wrapped)
        if wrapped is None or home is None:
            continue
        owner, _, name = wrapped.__qualname__.rpartition(".")
        holder = _class_at(home, owner) if owner else home
        held = _namespace_of(holder).get(name) if holder is not None else None
        if held is not None and _leads_to(held, code, values):
            return _target(code, home, holder, owner, name, held)
    return None


def _innermost(value: Any) -> FunctionType | None:
    """The function that a wrapped one comes down to."""
    for _ in range(_DEPTH):
        if type(value) is FunctionType and "__wrapped__" not in _function_dict(value):
            return value
        value = _wrapped(value)
    return value if type(value) is FunctionType else None


def _module_of(function: FunctionType | None) -> ModuleType | None:
    """The module whose names a function sees."""
    name = function.__globals__.get("__name__") if function is not None else None
    found = sys.modules.get(name) if type(name) is str else None
    return found if type(found) is ModuleType else None


def _target(code: CodeType, module: ModuleType, holder: Any, path: str, name: str, value: Any) -> CallTarget:
    written = _innermost(value)
    parameters = parameters_of(code)
    kind = _kind(holder, name, value)
    function = _running(value, code)
    names = parameters_of(_code(written)).positional if written is not None else parameters.positional
    target = CallTarget(
        name=f"{_name_of(module)}:{path + '.' if path else ''}{name}",
        kind=kind,
        parameters=parameters,
        names=names,
        defaults=defaults_of(function) if function is not None else NO_DEFAULTS,
        owner=holder if isinstance(holder, type) else None,
        generates=bool(code.co_flags & _GENERATING),
        awaits=bool(code.co_flags & _AWAITED),
        looks=looks_at_callers(code),
    )
    return target._replace(names=names[1:]) if target.has_receiver else target


def _kind(holder: Any, name: str, value: Any) -> Kind:
    cls = type(value)
    if not isinstance(holder, type) or cls is staticmethod:
        return "function"
    if cls is classmethod:
        return "classmethod"
    if cls is property or cls is functools.cached_property:
        return "property"
    if name == "__new__":
        return "function"
    return "constructor" if name == "__init__" else "method"


# --- reading names raw -------------------------------------------------------------------------------------------


def _class_at(module: ModuleType, path: str) -> type | None:
    found: Any = module
    for part in path.split("."):
        found = _namespace_of(found).get(part)
        if not is_instance(found, type):
            return None
    return found  # type: ignore[no-any-return]  # `is_instance` is not known to narrow


def _namespace_of(holder: Any) -> Mapping[str, Any]:
    namespace: Mapping[str, Any] = namespace_of_module(holder) if is_instance(holder, ModuleType) else type_dict(holder)
    return namespace


def _holders(module: ModuleType) -> Iterator[tuple[Any, str]]:
    """The module, and the classes that it defines, with their qualified names."""
    yield module, ""
    namespace = namespace_of_module(module)
    for value in list(namespace.values()):
        if is_instance(value, type) and type_dict(value).get("__module__") == namespace.get("__name__"):
            yield value, type_qualname(value)


def _parts(value: Any) -> tuple[Any, ...]:
    """What a callable hands its calls to, as far as that can be read raw."""
    cls = type(value)
    if cls is staticmethod or cls is classmethod:
        return (value.__func__,)
    if cls is property:
        return (value.fget,)
    if cls is functools.cached_property:
        return (value.func,)
    wrapped = _wrapped(value)
    if cls is FunctionType:
        cells = _closure(value) or ()
        return (wrapped, *(content_of(cell) for cell in cells))
    return (wrapped,)


def _wrapped(value: Any) -> Any:
    """What `__wrapped__` of a value holds, where it is an attribute of its own; nothing runs for it."""
    cls = type(value)
    if cls is staticmethod or cls is classmethod:
        return value.__func__
    if cls is property:
        return value.fget
    if cls is functools.cached_property:
        return value.func
    namespace = _function_dict(value) if cls is FunctionType else namespace_of(value)
    return namespace.get("__wrapped__") if namespace is not None else None


def _running(value: Any, code: CodeType) -> FunctionType | None:
    """The function with this code that a value hands its calls to; at most `_LOOKED_AT` parts are looked at."""
    seen: dict[int, Any] = {}
    parts = [value]
    while parts and len(seen) < _LOOKED_AT:
        part = parts.pop(0)
        if type(part) is FunctionType and _code(part) is code:
            return part
        if part is not None and id(part) not in seen:
            seen[id(part)] = part
            parts.extend(_parts(part))
    return None


def _leads_to(value: Any, code: CodeType, values: Mapping[str, Any]) -> bool:
    """Whether calling a value reaches the function with this code that closes over what `values` name."""
    found = _running(value, code)
    if found is None:
        return False
    cells = _closure(found) or ()
    return all(
        name not in values or content_of(cell) is values[name]
        for name, cell in zip(code.co_freevars, cells, strict=True)
    )
