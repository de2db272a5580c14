"""Arrays of NumPy as they are recorded: their elements and the names of their types, without NumPy.

A recorded array is a `StandardNode` of the kind `numpy.array`: class, type, shape, layout, elements; see
`recorders.capture.adapters.arrays`. A baseline may hold anything else in its place: then there are no elements.
"""

from __future__ import annotations

import datetime
import math
import re
import struct
from collections.abc import Iterator
from typing import Any, Final

from ...recorders.model.value_tree import BytesNode, ListNode, StandardNode, Tree, TupleNode

_SPEC = re.compile(r"([<>|=])([a-zA-Z])(\d{0,9})(?:\[(\w{1,20})\])?")
_CODES: Final = {
    **{"b1": "?", "i1": "b", "i2": "h", "i4": "i", "i8": "q", "u1": "B", "u2": "H", "u4": "I", "u8": "Q"},
    **{"f2": "e", "f4": "f", "f8": "d", "c8": "ff", "c16": "dd", "M8": "q", "m8": "q"},
}
_WORDS: Final = {"f": "float", "i": "int", "u": "uint", "c": "complex", "M": "datetime", "m": "timedelta"}
_NOT_A_TIME: Final = -(2**63)
_SECONDS: Final = {"D": 86400, "h": 3600, "m": 60, "s": 1}
_PARTS: Final = {"ms": 10**3, "us": 10**6, "ns": 10**9}
_EPOCH: Final = datetime.datetime(1970, 1, 1)
_BLOCK: Final = 4096
_DEPTH: Final = 5
"""Fields within fields that are named."""


def type_name(spec: Tree, depth: int = 0) -> str:
    """The name of a type of elements, as NumPy shows it."""
    if depth > _DEPTH:
        return "…"
    found = _SPEC.fullmatch(spec) if isinstance(spec, str) else None
    if found is None:
        return _long_name(spec, depth + 1)
    order, kind, size, unit = found.groups()
    if kind == "O":
        return "object"
    if kind == "b" and size == "1":
        return "bool"
    if kind not in _WORDS:
        return str(spec)
    name = f"{_WORDS[kind]}{8 * int(size or 0)}{f'[{unit}]' if unit else ''}"
    return f">{name}" if order == ">" else name


def _long_name(spec: Tree, depth: int) -> str:
    match spec:
        case TupleNode(items=["fields", TupleNode(items=names), TupleNode(items=types), *_]):
            return ", ".join(f"{name} {type_name(part, depth)}" for name, part in zip(names, types, strict=False))
        case TupleNode(items=["sub", inner, TupleNode(items=shape)]):
            return f"{type_name(inner, depth)} {tuple(shape)}"
        case TupleNode(items=["text", *_]):
            return "StringDType"
        case _:
            return "?"


def is_number(spec: Tree) -> bool:
    """Whether elements are booleans, integers or floats, which are compared by what they amount to."""
    return isinstance(spec, str) and spec[1:2] in tuple("biuf") and spec[1:] in _CODES


def shape_of(tree: StandardNode) -> tuple[int, ...] | None:
    """The lengths of an array; `None` for what is none."""
    match tree:
        case StandardNode(kind="numpy.array", parts=[str(), _, TupleNode(items=lengths), str(), _]):
            known = [length for length in lengths if type(length) is int and length >= 0]
            return tuple(known) if len(known) == len(lengths) else None
        case _:
            return None


def elements_of(tree: StandardNode) -> list[Tree] | None:
    """The elements of an array, in C order; `None` where it has fields, or is none."""
    shape = shape_of(tree)
    if shape is None:
        return None
    spec, elements = tree.parts[1], tree.parts[4]
    if isinstance(elements, BytesNode):
        found = list(decoded(spec, elements.data))
    elif isinstance(elements, ListNode):
        found = [of_type(spec, item) for item in elements.items]
    else:
        return None
    return found if len(found) == math.prod(shape) else None


def of_type(spec: Tree, item: Tree) -> Tree:
    """An element as it is shown and compared: a moment knows its unit."""
    return StandardNode("numpy.scalar", [spec, item]) if isinstance(spec, str) and spec[1:2] in ("m", "M") else item


def decoded(spec: Tree, data: bytes) -> Iterator[Tree]:
    """The elements that lie in bytes; those of a type that Python has no number for stay bytes."""
    size = size_of(spec)
    code = _CODES.get(spec[1:].partition("[")[0], "") if isinstance(spec, str) else ""
    if not size or len(data) % size:
        return
    if not code:
        for start in range(0, len(data), size):
            yield StandardNode("numpy.scalar", [spec, BytesNode(data[start : start + size])])
        return
    order = ">" if isinstance(spec, str) and spec[0] == ">" else "<"
    for numbers in struct.iter_unpack(order + code, data):
        yield of_type(spec, _number(numbers))


def _number(numbers: tuple[Any, ...]) -> Tree:
    if len(numbers) == 2:
        return StandardNode("complex", list(numbers))
    number: Tree = numbers[0]
    if type(number) is int and number >= 2**63:
        return StandardNode("int", [hex(number)])
    return number


def size_of(spec: Tree) -> int:
    """The bytes of an element; 0 where that is not known."""
    found = _SPEC.fullmatch(spec) if isinstance(spec, str) else None
    if found is None:
        return 0
    return int(found[3] or 0) * (4 if found[2] == "U" else 1)


def differing(size: int, left: bytes, right: bytes) -> Iterator[int]:
    """The positions of elements of some bytes in which two arrays of one length differ."""
    step = max(1, _BLOCK // size) * size
    for start in range(0, len(left), step):
        before, after = left[start : start + step], right[start : start + step]
        if before != after:
            for at in range(0, len(before), size):
                if before[at : at + size] != after[at : at + size]:
                    yield (start + at) // size


def canonical(spec: Tree, data: bytes) -> bytes:
    """The bytes of an array in which all NaNs are one."""
    code = _CODES.get(spec[1:], "")[:1] if isinstance(spec, str) else ""
    if not code or code not in "efd" or not isinstance(spec, str) or len(data) % struct.calcsize(f"<{code}"):
        return data
    numbers = f"{'>' if spec[0] == '>' else '<'}{len(data) // struct.calcsize(f'<{code}')}{code}"
    found = struct.unpack(numbers, data)
    if all(number == number for number in found):
        return data
    nan = float("nan")
    return struct.pack(numbers, *[number if number == number else nan for number in found])


def moment_text(spec: str, number: Tree) -> str | None:
    """A moment or a span of NumPy's, as text; `None` where the number is none of it."""
    found = _SPEC.fullmatch(spec)
    if found is None or type(number) is not int:
        return None
    name, unit = type_name(spec).partition("[")[0], found[4] or ""
    if number == _NOT_A_TIME:
        return "NaT"
    each, parts = _SECONDS.get(unit, 1), _PARTS.get(unit, 1)
    if unit not in _SECONDS and unit not in _PARTS:
        return f"{name}({number}, {unit!r})"
    seconds, rest = divmod(number * each, parts)
    try:
        span = datetime.timedelta(seconds=seconds)
        moment = str(span) if found[2] == "m" else (_EPOCH + span).isoformat(" ")
    except OverflowError:
        return f"{name}({number}, {unit!r})"
    return f"{name}({moment}{f'.{rest:0{len(str(parts)) - 1}}' if rest else ''})"


def nested(items: list[Tree], shape: tuple[int, ...]) -> Tree:
    """Elements as lists of lists; those of an array without dimensions are one."""
    if not shape:
        return items[0] if items else None
    for length in reversed(shape[1:]):
        items = [ListNode(items[start : start + length]) for start in range(0, len(items), length)] if length else []
    return ListNode(items)


def steps_of(position: int, shape: tuple[int, ...]) -> str:
    """What leads to an element in C order: `[1][2]`; empty in an array without dimensions."""
    steps: list[str] = []
    for length in reversed(shape):
        position, at = divmod(position, length)
        steps.append(f"[{at}]")
    return "".join(reversed(steps))
