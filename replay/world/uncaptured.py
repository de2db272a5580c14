"""What stands on replay for a part of what was recorded that is not there: a socket, an open file, an object of a
library, or of a class that the code under test does not load.

It costs its own place only. Where the code under test never touches it, the trace runs to its end; where it does, the
trace stops, and says what it touched. To tell one from another, to hold it, and to pass it on touches nothing. Of an
object whose attributes were recorded, these are answered, and captured again it is what it was: of such a one only what
its class does is unknown.

What it can be asked without an answer from the recording is what its class says, where that is loaded here: whether it
can be called, iterated or compared, and whether it counts as true. Nothing of that class runs.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import FunctionType, MemberDescriptorType, MethodDescriptorType, WrapperDescriptorType
from typing import Any, Final, NoReturn

from ...recorders.capture.pickle_stubs import Instance, Opaque
from ...recorders.capture.raw import type_dict, type_mro
from ...recorders.capture.readers import Reduced, known_readers
from ...recorders.context import current_world
from ...recorders.model.full_names import split_name
from ...recorders.model.value_tree import ClassName, ObjectNode, OpaqueNode
from ..model.reason import StopCode
from .disguise import disguise_of, loaded
from .recorded_world import RecordedWorld
from .stopping import TraceStopped

_ASKED: Final = frozenset(
    {
        *("__call__", "__len__", "__iter__", "__next__", "__reversed__", "__contains__", "__length_hint__"),
        *("__getitem__", "__setitem__", "__delitem__", "__missing__", "__get__", "__set__", "__delete__"),
        *("__enter__", "__exit__", "__aenter__", "__aexit__", "__await__", "__aiter__", "__anext__", "__bool__"),
        *("__int__", "__float__", "__complex__", "__index__", "__bytes__", "__fspath__", "__buffer__"),
        *("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__hash__"),
        *("__neg__", "__pos__", "__abs__", "__invert__", "__round__", "__trunc__", "__floor__", "__ceil__"),
        *(
            f"__{side}{name}__"
            for name in (
                *("add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "divmod", "pow", "lshift", "rshift"),
                *("and", "or", "xor"),
            )
            for side in ("", "r", "i")
        ),
    }
)
"""Special methods that one has where its class defines them."""

_ALWAYS: Final = ("__repr__", "__str__", "__format__", "__setattr__", "__delattr__", "__dir__", "__reduce_ex__")
"""Those that every object has."""

_PLAIN: Final = frozenset({"__eq__", "__ne__", "__hash__"})
"""Those that compare by identity, where a class leaves them as they are: that needs no answer."""


class Uncaptured:
    """Stands for a value that was not captured; the subclasses have the special methods that the value's class has."""

    __slots__ = ("__weakref__", "_attributes", "_mark", "_node", "_truth")

    def __init__(
        self, mark: OpaqueNode, truth: bool | None, node: ObjectNode | None, attributes: dict[str, Any]
    ) -> None:
        """`truth`: what it counts as where a truth value is wanted, `None` where nobody knows; `node` is what was
        recorded of it, with its `attributes`."""
        object.__setattr__(self, "_mark", mark)
        object.__setattr__(self, "_truth", truth)
        object.__setattr__(self, "_node", node)
        object.__setattr__(self, "_attributes", attributes)

    def __getattribute__(self, name: str) -> Any:
        cls: ClassName = _mark(self).cls
        found = loaded(cls)
        attributes = _attributes(self)
        if name in attributes and not (found is not None and _computes(found, name)):
            return attributes[name]
        if found is not None:
            if name == "__class__":
                shown = disguise_of(cls)
                if shown is not None:
                    return shown
            elif any(_is_method(type_dict(base).get(name)) for base in type_mro(found)):
                return functools.partial(_stop, self, f".{name}()")
            elif _type_says_all(cls, found) and not any(name in type_dict(base) for base in type_mro(found)):
                raise AttributeError(f"{found.__name__!r} object has no attribute {name!r}")
        _stop(self, f".{name}")

    def __bool__(self) -> bool:
        truth: bool | None = _truth(self)
        if truth is None:
            _stop(self, "the truth value")
        return bool(truth)


_mark = Uncaptured.__dict__["_mark"].__get__
_truth = Uncaptured.__dict__["_truth"].__get__
_node = Uncaptured.__dict__["_node"].__get__
_attributes = Uncaptured.__dict__["_attributes"].__get__


def uncaptured(
    mark: OpaqueNode, node: ObjectNode | None = None, attributes: dict[str, Any] | None = None
) -> Uncaptured:
    """What stands for a value that was not captured, or for an object of which `attributes` were, as `node` says: they
    may be filled in later."""
    found = loaded(mark.cls)
    made = _stand_in(mark.cls, frozenset(name for name in _ASKED if found is None or _defines(found, name)))
    return made(mark, _truth_of(mark, found), node, {} if attributes is None else attributes)


def _computes(cls: type, name: str) -> bool:
    """Whether a class computes an attribute, whatever an instance holds under its name (a data descriptor)."""
    held = next((type_dict(base)[name] for base in type_mro(cls) if name in type_dict(base)), None)
    return held is not None and type(held) is not MemberDescriptorType and _defines(type(held), "__set__")


def _truth_of(mark: OpaqueNode, cls: type | None) -> bool | None:
    length = _length(mark)
    if length is not None:
        return length > 0
    return None if cls is None or _defines(cls, "__bool__") or _defines(cls, "__len__") else True


def _length(mark: OpaqueNode) -> int | None:
    """The length of a container that was too large; `None` of everything that may compute its own."""
    extent = mark.extent
    return extent.length if extent is not None and mark.cls == f"builtins:{extent.kind}" else None


def _is_method(held: Any) -> bool:
    """Whether what a class holds under a name is a method: to ask for it needs no answer, to call it does."""
    return any(type(held) is kind for kind in _METHODS)  # no metaclass is asked


_METHODS: Final = (FunctionType, MethodDescriptorType, WrapperDescriptorType)


def _type_says_all(name: ClassName, cls: type) -> bool:
    """Whether all attributes of an instance are those that its type names: so of the interpreter's own iterators,
    generators and coroutines. Other types written in C may look elsewhere, as proxies and bound methods do."""
    return split_name(name)[0] in ("builtins", "itertools") and any(_defines(cls, one) for one in _DRIVEN)


_DRIVEN: Final = ("__next__", "__anext__", "__await__")


def _stop(value: Uncaptured, used: str, *_args: Any, **_kwargs: Any) -> Any:
    """End the replay. Raises `TraceStopped`."""
    mark: OpaqueNode = _mark(value)
    name = mark.cls.removeprefix("builtins:").replace(":", ".")
    return end_replay(StopCode.INPUT, f"it uses {used} of a {name} that was not captured: {mark.reason}")


def end_replay(code: StopCode, reason: str) -> NoReturn:
    """End the replay with a reason. Raises `TraceStopped`."""
    world = current_world()
    if isinstance(world, RecordedWorld):
        world.stop(code, reason)
    raise TraceStopped(reason)


@functools.cache
def _stand_in(cls: ClassName, names: frozenset[str]) -> type[Uncaptured]:
    """What stands for values of a class with these special methods, under its name: errors tell it."""
    module, qualname = split_name(cls)
    special: dict[str, Any] = {name: _asking(name) for name in (*sorted(names), *_ALWAYS) if name != "__bool__"}
    special.setdefault("__hash__", object.__hash__)
    special.update(__slots__=(), __module__=module, __qualname__=qualname)
    try:
        made = type(qualname.rpartition(".")[2], (Uncaptured,), special)
    except ValueError:  # a name that no class can have
        made = type("uncaptured", (Uncaptured,), special | {"__qualname__": "uncaptured"})
    known_readers[id(made)] = _read
    return made


def _asking(name: str) -> Callable[..., Any]:
    def ask(self: Uncaptured, *args: Any, **kwargs: Any) -> Any:
        length = _length(_mark(self)) if name == "__len__" else None
        return _stop(self, f"{name}()") if length is None else length

    return ask


def _defines(cls: type, name: str) -> bool:
    """Whether a class has a special method, and another one than every object has."""
    for base in type_mro(cls):
        if base is object:
            break
        if name in type_dict(base):
            return type_dict(base)[name] is not None
    return name not in _PLAIN and name in type_dict(object)


def _read(value: Uncaptured) -> Reduced:
    """Captured again, it is what it was."""
    mark: OpaqueNode = _mark(value)
    node, attributes = _node(value), _attributes(value)
    if node is not None and len(attributes) == len(node.names):
        names = tuple(node.names)
        state = None, names, tuple([attributes[name] for name in names])
        return Instance, (node.cls, tuple(node.fields), "", node.read, node.form), state
    extent = mark.extent
    outside = (extent.kind, extent.length, extent.keys, extent.items) if extent is not None else None
    return Opaque, (mark.cls, mark.reason, outside)
