"""Raw access to classes and objects: what the interpreter itself knows of them, past everything that a class defines.

Attribute access, `isinstance`, `==`, hashing, truth and formatting may each run code of a class or of its metaclass.
Here are the descriptors of `type` and `object`, taken once, and what is made of them. Classes are compared by identity.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..model.value_tree import ClassName

type_module = type.__dict__["__module__"].__get__
type_qualname = type.__dict__["__qualname__"].__get__
type_mro = type.__dict__["__mro__"].__get__
type_dict = type.__dict__["__dict__"].__get__
type_flags = type.__dict__["__flags__"].__get__
type_size = type.__dict__["__basicsize__"].__get__
type_dictoffset = type.__dict__["__dictoffset__"].__get__
type_weakrefoffset = type.__dict__["__weakrefoffset__"].__get__
_module_dict = vars(types.ModuleType)["__dict__"].__get__
_GETSET, _MEMBER = types.GetSetDescriptorType, types.MemberDescriptorType


def inherits(cls: type, base: type) -> bool:
    """Whether a class has another in its method resolution order; `issubclass` may ask a metaclass."""
    return any(one is base for one in type_mro(cls))


def is_instance(value: object, base: type) -> bool:
    """Whether a value really is an instance; `isinstance` believes a `__class__` that lies."""
    return type(value) is base or inherits(type(value), base)


def text(value: object) -> str | None:
    """The characters of a string, without the class of one that extends it; `None` for anything else."""
    if type(value) is str:
        return value
    return str.__str__(value) if is_instance(value, str) else None


def namespace_of_module(module: object) -> dict[str, Any]:
    """The `__dict__` of a module, of a lazy one too; empty for what only stands in the place of a module."""
    if not is_instance(module, types.ModuleType):
        return {}
    found: dict[str, Any] = _module_dict(module)
    return found


def module_name(name: str) -> str:
    """The importable name of a module: `__main__` under `python -m` is the module that was named there."""
    if name == "__main__":
        spec = namespace_of_module(sys.modules.get("__main__")).get("__spec__")
        if spec is not None:
            return str(spec.name)
    return name


def full_name(module: object, qualname: object) -> ClassName:
    """`module:qualname`, where both are what was found under these names; `?` for what is no text."""
    found = text(module)
    return f"{module_name(found) if found is not None else '?'}:{text(qualname) or '?'}"


def class_name(cls: type) -> ClassName:
    """`module:qualname` of a class."""
    return full_name(type_module(cls), type_qualname(cls))


def find_loaded(name: ClassName) -> Any:
    """What a module that is loaded holds under a name, through classes too; `None` where there is nothing. Nothing is
    imported, and no attribute is asked for: neither a module nor a class can make one up."""
    module, _, path = name.partition(":")
    found: Any = sys.modules.get(module)
    for part in path.split("."):
        if is_instance(found, types.ModuleType):
            found = namespace_of_module(found).get(part)
        elif is_instance(found, type):
            found = type_dict(found).get(part)
        else:
            return None
    return found


def is_raw(descriptor: object) -> bool:
    """Whether a descriptor is the interpreter's own."""
    return type(descriptor) is _GETSET or type(descriptor) is _MEMBER


def dict_getter(cls: type) -> Callable[[Any], Any] | None:
    """What reads the `__dict__` of the instances of a class; `None` where they have none that can be read raw."""
    for base in type_mro(cls):
        descriptor = type_dict(base).get("__dict__")
        if is_raw(descriptor):
            getter: Callable[[Any], Any] = descriptor.__get__
            return getter
    return None


def namespace_of(value: object) -> dict[str, Any] | None:
    """The `__dict__` of an instance; `None` where it has none, or one of a class of its own."""
    getter = dict_getter(type(value))
    try:
        namespace = getter(value) if getter is not None else None
    except AttributeError:  # one that stands in front of a function written in C, which has none
        return None
    return namespace if type(namespace) is dict else None


def code_of(value: object) -> types.CodeType | None:
    """The code of a plain function, static method, class method, or bound method; `None` for all else."""
    cls = type(value)
    if cls is staticmethod or cls is classmethod or cls is types.MethodType:
        value = value.__func__  # type: ignore[attr-defined]  # of these three
    return value.__code__ if type(value) is types.FunctionType else None


def content_of(cell: types.CellType) -> Any:
    """What a cell of a closure holds; `None` while it is not filled."""
    try:
        return cell.cell_contents
    except ValueError:
        return None


def is_loaded_class(cls: object, module: str, name: str) -> bool:
    """Whether something is the class that a module holds under a name, which nobody may have loaded."""
    home = sys.modules.get(module)
    return type(home) is types.ModuleType and vars(home).get(name) is cls
