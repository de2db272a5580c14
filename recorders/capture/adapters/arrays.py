"""Arrays, scalars, types and random generators of NumPy, by its own C-level access; NumPy is never imported here.

An array is its type, its shape, how it lies in memory, and its elements: in C order, as a list where they are texts,
objects or few numbers, as bytes where they are many numbers, by field where they have fields. So names of fields and
texts are redacted like those of any other value. Of an array that is too large some elements are kept, spread over it.
"""

from __future__ import annotations

import os
import sys
from typing import Any, Final

from ..pickle_stubs import Opaque
from ..raw import class_name, inherits, namespace_of, namespace_of_module, text, type_flags, type_module, type_qualname
from .protocol import TypeAdapter, Unreadable

BYTES_LIMIT: Final = 1_000_000
"""Bytes of an array that is captured whole, as of any value."""

OBJECTS_LIMIT: Final = 20_000
"""Texts and objects in one array."""

FEW: Final = 256
"""Numbers up to which each stands by itself, so that exploring and the rules of a project see it."""

SAMPLE: Final = 64
"""Elements that are kept of an array that is too large."""

ITEM_KINDS: Final = "biufcmM"
"""Kinds of numbers (`numpy.dtype.kind`)."""

_EXTENDED: Final = 10
_machine = os.uname().machine if hasattr(os, "uname") else os.environ.get("PROCESSOR_ARCHITECTURE", "")
_HAS_EXTENDED: Final = _machine.lower() in ("x86_64", "amd64", "i386", "i686")
"""Whether a long double is one of 80 bits."""

_HEAP_TYPE = 1 << 9

_REGISTERED = 2
"""Of `numpy.dtype.isbuiltin`: a type that another library has added."""


def numpy_type(name: str) -> Any:
    """What NumPy holds under a name; `None` where it is not loaded."""
    return namespace_of_module(sys.modules.get("numpy")).get(name)


def _is_dtype(cls: type) -> bool:
    """Whether a class is one of NumPy's own data types: each kind of them is a class."""
    base = numpy_type("dtype")
    own = text(type_module(cls)) in ("numpy", "numpy.dtypes") and not type_flags(cls) & _HEAP_TYPE
    return base is not None and own and inherits(cls, base)


def type_spec(dtype: Any) -> Any:
    """A data type in plain data: its text, or a tuple that begins with a word for those that no text says."""
    if not _is_dtype(type(dtype)):
        raise Unreadable(f"its elements are of the type {class_name(type(dtype))}")
    if dtype.subdtype is not None:
        inner, shape = dtype.subdtype
        return "sub", type_spec(inner), shape
    if dtype.names is not None:
        fields = [dtype.fields[name] for name in dtype.names]
        if any(len(field) > 2 for field in fields):
            raise Unreadable("its fields have titles")
        record = dtype.type is numpy_type("record")
        types = tuple([type_spec(field[0]) for field in fields])
        return "fields", dtype.names, types, tuple([field[1] for field in fields]), dtype.itemsize, record
    if dtype.kind == "T":
        try:
            return "text", bool(dtype.coerce), dtype.na_object
        except AttributeError:  # a gap is an error
            return "text", bool(dtype.coerce)
    if dtype.isbuiltin == _REGISTERED:
        raise Unreadable(f"its elements are of the type {dtype.str}, which is not NumPy's own")
    return dtype.str


def _plain_array(value: Any) -> Any:
    """The same memory as an array of the class that NumPy itself has."""
    base: Any = numpy_type("ndarray")
    return value if type(value) is base else base.view(value, base)


def _layout(array: Any) -> str:
    """`C` or `F` for the order of rows and columns, with an `r` where it can only be read."""
    flags = array.flags
    order = "F" if flags.f_contiguous and not flags.c_contiguous else "C"
    return order if flags.writeable else f"{order}r"


def _elements(array: Any, dtype: Any) -> Any:
    kind = dtype.kind
    if dtype.names is not None:
        return {name: array[name] for name in dtype.names}
    if kind in "OUST":
        if array.size > OBJECTS_LIMIT:
            raise Unreadable(f"it holds {array.size} texts or objects, and {OBJECTS_LIMIT} are captured")
        return array.ravel().tolist()
    if array.size > FEW or kind not in ITEM_KINDS or dtype.itemsize > (16 if kind == "c" else 8):
        return _bytes(array, dtype)
    if kind in "mM":  # as numbers: the moments of Python are not as exact, and know no NaT
        return array.view(f"{dtype.str[0]}i8").ravel().tolist()
    return array.ravel().tolist()


def _bytes(array: Any, dtype: Any) -> bytes:
    """The bytes of an array in C order; what fills up a long double is no part of it, and may be anything."""
    data: bytes = array.tobytes()
    if not _is_padded(dtype):
        return data
    step = dtype.itemsize // (2 if dtype.kind == "c" else 1)
    rest = bytes(step - _EXTENDED)
    return b"".join([data[at : at + _EXTENDED] + rest for at in range(0, len(data), step)])


def _is_padded(dtype: Any) -> bool:
    """Whether numbers are of 80 bits, in more room than that."""
    return dtype.kind in "fc" and dtype.itemsize > (16 if dtype.kind == "c" else 8) and _HAS_EXTENDED


def _sample(array: Any, dtype: Any, spec: Any) -> tuple[Any, ...]:
    """Of a large array its outside, and elements that are evenly spread over it."""
    reason = f"it has {array.nbytes} bytes, and {BYTES_LIMIT} are captured; {SAMPLE} elements of it are known"
    if dtype.kind not in ITEM_KINDS or dtype.itemsize > (16 if dtype.kind == "c" else 8):
        raise Unreadable(f"it has {array.nbytes} bytes, and {BYTES_LIMIT} are captured")
    step = array.size // SAMPLE
    positions = [number * step + step // 2 for number in range(SAMPLE)]
    found = numpy_type("array")([array.item(position) for position in positions], dtype)
    return "sample", spec, array.shape, "C", {"at": positions, "items": found, "rest": Opaque("numpy:ndarray", reason)}


def _array(value: Any) -> tuple[Any, ...]:
    array = _plain_array(value)
    dtype = array.dtype
    spec = type_spec(dtype)
    if array.nbytes > BYTES_LIMIT:
        return _sample(array, dtype, spec)
    return text(type_qualname(type(value))), spec, array.shape, _layout(array), _elements(array, dtype)


def _masked(value: Any) -> tuple[Any, ...]:
    held = namespace_of(value) or {}
    mask, fill = held.get("_mask"), held.get("_fill_value")
    none = fill is None or (type(fill) is numpy_type("ndarray") and fill.ndim == 0)
    if not none:
        raise Unreadable("what it fills gaps with is no plain value")
    whole = type(mask) is numpy_type("ndarray")
    return _plain_array(value), mask if whole else None, fill, bool(held.get("_hardmask"))


def _scalar(value: Any) -> tuple[Any, ...]:
    dtype = value.dtype
    if dtype.kind in "mM":
        return dtype.str, value.view("i8").item()
    if dtype.kind in "fc" and dtype.itemsize > (16 if dtype.kind == "c" else 8):
        return dtype.str, _bytes(value, dtype)
    return dtype.str, value.item()


def _void(value: Any) -> tuple[Any, ...]:
    return (_plain_array(numpy_type("array")(value)),)


def _bits(value: Any) -> tuple[Any, ...]:
    return (dict(value.state),)


def _random_state(value: Any) -> tuple[Any, ...]:
    return (dict(value.get_state(legacy=False)),)


def _names(*names: str) -> tuple[str, ...]:
    return tuple(f"numpy:{name}" for name in names)


SCALARS: Final = (
    *("bool", "bool_", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "longlong"),
    *("ulonglong", "intc", "uintc", "float16", "float32", "float64", "longdouble", "float128", "complex64"),
    *("complex128", "clongdouble", "complex256", "str_", "bytes_", "datetime64", "timedelta64"),
)
BIT_GENERATORS: Final = {
    name: f"numpy.random.{module}:{name}"
    for name, module in (
        *(("PCG64", "_pcg64"), ("PCG64DXSM", "_pcg64"), ("MT19937", "_mt19937"), ("Philox", "_philox")),
        ("SFC64", "_sfc64"),
    )
}

ADAPTERS: tuple[TypeAdapter, ...] = (
    TypeAdapter("numpy.array", ("numpy:ndarray", "numpy:matrix", "numpy:recarray"), _array, is_mutable=True),
    TypeAdapter("numpy.array", ("numpy.rec:recarray", "numpy.matrixlib.defmatrix:matrix"), _array, is_mutable=True),
    TypeAdapter("numpy.masked", ("numpy.ma:MaskedArray", "numpy.ma.core:MaskedArray"), _masked, is_mutable=True),
    TypeAdapter("numpy.scalar", _names(*SCALARS), _scalar),
    TypeAdapter("numpy.void", ("numpy:void", "numpy:record", "numpy.rec:record"), _void),
    TypeAdapter("numpy.dtype", (), lambda value: (type_spec(value),), accepts=_is_dtype),
    TypeAdapter("numpy.bits", tuple(BIT_GENERATORS.values()), _bits, is_mutable=True),
    TypeAdapter(
        "numpy.generator",
        ("numpy.random._generator:Generator",),
        lambda value: (value.bit_generator,),
        is_mutable=True,
    ),
    TypeAdapter("numpy.randomstate", ("numpy.random.mtrand:RandomState",), _random_state, is_mutable=True),
)
"""One a family of types."""
