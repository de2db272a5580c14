"""Builders of NumPy's arrays, scalars, types and random generators. Nothing is unpickled, and nothing is larger than
what was recorded: a shape or a type of a baseline's own says nothing of memory.
"""

from __future__ import annotations

import math
import re
from typing import Any, Final

from ....recorders.capture.adapters.arrays import BIT_GENERATORS
from .protocol import TypeBuilder, exactly, member

BYTES_LIMIT: Final = 16_000_000
"""Bytes of an array that is built; one that is recorded has at most a megabyte."""

ELEMENTS_LIMIT: Final = 4_000_000
"""Elements of an array that is built."""

_PLAIN = re.compile(
    r"[<>|=](?:b1|i[1248]|u[1248]|f(?:2|4|8|12|16)|c(?:8|16|24|32)|[SUV]\d{1,8}|[mM]8(?:\[\w{1,12}\])?|O)"
)
_ITEMS: Final = frozenset({bool, int, float, complex, str, bytes})
_CLASSES: Final = frozenset({"ndarray", "matrix", "recarray"})
_MT_WORDS: Final = 624
"""Words of the state of a Mersenne twister."""


def data_type(spec: Any) -> Any:
    """The data type that `type_spec` describes."""
    make = member("numpy", "dtype")
    if type(spec) is str:
        if _PLAIN.fullmatch(spec) is None:
            raise ValueError(f"{spec[:40]!r} is no type of elements")
        return make(spec)
    word, *parts = exactly(tuple, spec)
    if word == "sub":
        inner, shape = parts
        return make((data_type(inner), _shape(shape)))
    if word == "text":
        coerce, *gap = parts
        given = {"na_object": gap[0]} if gap and type(gap[0]) in (float, type(None), str) else {}
        return member("numpy.dtypes", "StringDType")(coerce=exactly(bool, coerce), **given)
    if word != "fields":
        raise ValueError(f"{word!r} is no type of elements")
    names, types, offsets, size, record = parts
    inner = [data_type(part) for part in exactly(tuple, types)]
    made = make({"names": list(names), "formats": inner, "offsets": list(offsets), "itemsize": exactly(int, size)})
    return make((member("numpy", "record"), made)) if record else made


def _shape(shape: Any) -> tuple[int, ...]:
    lengths = tuple(exactly(int, length) for length in exactly(tuple, shape))
    if len(lengths) > 32 or any(length < 0 for length in lengths) or math.prod(lengths) > ELEMENTS_LIMIT:
        raise ValueError(f"{lengths[:32]} is no shape of an array that was recorded")
    return lengths


def _array(name: str, spec: Any, shape: Any, layout: str, elements: Any) -> Any:
    if name not in _CLASSES:
        raise ValueError(f"{name!r} is no array")
    dtype, lengths = data_type(spec), _shape(shape)
    if math.prod(lengths) * dtype.itemsize > BYTES_LIMIT:
        raise ValueError("it is larger than anything that is recorded")
    made = _filled(dtype, lengths, elements)
    if exactly(str, layout).startswith("F"):
        made = member("numpy", "asfortranarray")(made)
    made.flags.writeable = not layout.endswith("r")
    return made if name == "ndarray" else made.view(member("numpy", name))


def _filled(dtype: Any, shape: tuple[int, ...], elements: Any) -> Any:
    numpy: Any = lambda name: member("numpy", name)  # noqa: E731 - as short as what it stands for
    count = math.prod(shape)
    if type(elements) is bytes:
        if dtype.hasobject or len(elements) != count * dtype.itemsize:
            raise ValueError("its elements are not as many as its shape says")
        if not elements:
            return numpy("zeros")(shape, dtype)
        return numpy("frombuffer")(elements, numpy("dtype")(f"V{dtype.itemsize}")).view(dtype).reshape(shape).copy()
    if dtype.names is not None:
        made = numpy("zeros")(shape, dtype)
        for name, column in exactly(dict, elements).items():
            field = exactly(numpy("ndarray"), column)
            if name not in dtype.names or field.dtype != made[name].dtype or field.shape != made[name].shape:
                raise ValueError("its fields are not those of its type")
            made[name] = field
        return made
    if len(exactly(list, elements)) != count:
        raise ValueError("its elements are not as many as its shape says")
    if dtype.kind in "mM":
        _of_known_types(elements)
        return numpy("array")(elements, f"{dtype.str[0]}i8").view(dtype).reshape(shape)
    made = numpy("empty")(count, dtype)
    if dtype.kind == "O":
        for position, item in enumerate(elements):
            made[position] = item
    else:
        _of_known_types(elements, gap=getattr(dtype, "na_object", None))
        made[:] = elements
    return made.reshape(shape)


def _of_known_types(elements: list[Any], gap: Any = None) -> None:
    """Others could run code when they are converted."""
    if not all(type(item) in _ITEMS or item is None or item is gap for item in elements):
        raise TypeError("it holds something that is no element of an array")


def _masked(data: Any, mask: Any, fill: Any, hard: Any) -> Any:
    array = member("numpy", "ndarray")
    parts = [exactly(array, data), *(exactly(array, part) for part in (mask, fill) if part is not None)]
    if any(part.dtype.hasobject for part in parts):
        raise ValueError("it holds objects")
    made = member("numpy.ma", "MaskedArray")(data, mask=False if mask is None else mask, hard_mask=exactly(bool, hard))
    if fill is not None:
        made.fill_value = fill
    return made


def _scalar(spec: str, value: Any) -> Any:
    dtype = data_type(exactly(str, spec))
    if type(value) is bytes and dtype.kind not in "SV":
        return _filled(dtype, (), value)[()]
    if type(value) not in _ITEMS:
        raise TypeError("it is no number and no text")
    if dtype.kind in "mM":
        return member("numpy", "array")(exactly(int, value), "i8").view(dtype.newbyteorder("="))[()]
    return dtype.type(value)


def _void(array: Any) -> Any:
    made = exactly(member("numpy", "ndarray"), array)
    if made.ndim or made.dtype.kind != "V":
        raise TypeError("it is no record")
    return made[()]


def _bits(state: Any) -> Any:
    held = exactly(dict, state)
    made = member("numpy.random", _generator_name(held))(0)
    made.state = held
    return made


def _generator_name(state: dict[Any, Any]) -> str:
    """The name of a generator; raises `ValueError` where its state would lead out of its own memory."""
    name = state.get("bit_generator")
    inner = state.get("state")
    position, least, most = state.get("buffer_pos", 0), 0, 4
    if name == "MT19937" and type(inner) is dict:
        position, most = inner.get("pos"), _MT_WORDS
        key = exactly(member("numpy", "ndarray"), inner.get("key"))
        if key.dtype.kind != "u" or key.shape != (_MT_WORDS,):
            raise ValueError("its state is none")
    if name not in BIT_GENERATORS or type(position) is not int or not least <= position <= most:
        raise ValueError("its state is none of a generator of NumPy")
    return str(name)


def _generator(bits: Any) -> Any:
    module, _, name = BIT_GENERATORS.get(type(bits).__name__, "").partition(":")
    return member("numpy.random", "Generator")(exactly(member(module, name), bits))


def _random_state(state: Any) -> Any:
    held = exactly(dict, state)
    name = _generator_name(held)
    made = member("numpy.random", "RandomState")(member("numpy.random", name)(0))
    made.set_state(held)
    return made


BUILDERS: tuple[TypeBuilder, ...] = (
    TypeBuilder("numpy.array", _array),
    TypeBuilder("numpy.masked", _masked),
    TypeBuilder("numpy.scalar", _scalar),
    TypeBuilder("numpy.void", _void),
    TypeBuilder("numpy.dtype", data_type),
    TypeBuilder("numpy.bits", _bits),
    TypeBuilder("numpy.generator", _generator),
    TypeBuilder("numpy.randomstate", _random_state),
)
"""One a kind."""
