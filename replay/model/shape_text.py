"""Shape texts: what kind of value stood somewhere, in words that may go into a repository.

Recorded values are private; their types, their lengths and the names of their keys are not. Only what says nothing
about anyone stands for itself: booleans, `None`, members of enumerations, what is no number, and status codes.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple, TypeAlias

import msgspec

ShapeText: TypeAlias = str
"""`True`, `float`, `str of length 3..12`, `list of length 0`, `{currency, total}`, `Decimal`, `absent`."""

KEYS_SHOWN = 20
TEXT_LIMIT = 2000
"""Texts of more characters are cut before they come here: their length is not known."""

_SIZED = re.compile(r"(.+) of length (\d+)(?:\.\.(\d+))?", re.DOTALL)
# Longer keys, or with more digits than a numbered name has, are data: identifiers, addresses, tokens.
_NAME = re.compile(r"(?!(?:\D*\d){5})[A-Za-z_][\w.-]{0,39}", re.ASCII)
_CODE = re.compile(r"<?([A-Za-z_][\w.]*)")
_IN_WORDS = {"(absent)": "absent", "nan": "nan", "inf": "inf", "-inf": "-inf", "<the same again>": "shared"}
_BY_FIRST_LETTER = {"(": "tuple", "[": "list", "{": "dict or set", "-": "int", **dict.fromkeys("0123456789", "int")}


class _Parsed(NamedTuple):
    kind: str
    low: int
    high: int


def shape_text(value: msgspec.Raw, literal: str, *, exact: bool = False) -> ShapeText:
    """The shape of a value as a `FieldDifference` holds it, as JSON and as a literal; `exact` tells an integer.

    Where JSON has no word for a value, it is a string that holds its Python literal: only the literal of a real string
    begins with a quote.
    """
    decoded: Any = msgspec.json.decode(value)
    match decoded:
        case None | bool():
            return repr(decoded)
        case int():
            return str(decoded) if exact else "int"
        case float():
            return "float"
        case list():
            return f"list of length {len(decoded)}"
        case dict():
            return _keys(decoded)
        case str() if literal.startswith(("'", '"')):
            return f"str of length {len(decoded)}" if len(decoded) <= TEXT_LIMIT else "long str"
        case _:
            return _of_literal(str(decoded))


def _keys(value: dict[str, Any]) -> ShapeText:
    """The names of keys in order; a sign for those that are data, or too many."""
    names = sorted(key for key in value if is_name(key))
    shown = names[:KEYS_SHOWN]
    return f"{{{', '.join([*shown, '…'] if len(shown) < len(value) else shown)}}}"


def _of_literal(text: str) -> ShapeText:
    if text in _IN_WORDS:
        return _IN_WORDS[text]
    if text[:1] in _BY_FIRST_LETTER:
        return _BY_FIRST_LETTER[text[:1]]
    if text.startswith(("b'", 'b"')):
        return "bytes"
    named = _CODE.match(text)
    return named[1] if named else "value"


def is_name(key: str) -> bool:
    """Whether a key reads like a name that a programmer gave, and not like data."""
    return _NAME.fullmatch(key) is not None


def is_shape(text: str) -> bool:
    """Whether a text can be a shape: not empty, and a range of lengths from low to high."""
    parsed = _parse(text)
    return bool(text.strip()) and parsed.low <= parsed.high


def covers(accepted: ShapeText, seen: ShapeText) -> bool:
    """Whether what was seen is of a shape, lengths included."""
    one, other = _parse(accepted), _parse(seen)
    return one.kind == other.kind and one.low <= other.low and other.high <= one.high


def kind_of(shape: ShapeText) -> str:
    """A shape without its lengths."""
    return _parse(shape).kind


def length_of(shape: ShapeText) -> int:
    """The least length of a shape; -1 where it has none."""
    return _parse(shape).low


def joined(one: ShapeText, other: ShapeText) -> ShapeText:
    """The narrowest shape that covers both; they are of one kind."""
    first, second = _parse(one), _parse(other)
    low, high = min(first.low, second.low), max(first.high, second.high)
    if low < 0:
        return one
    return f"{first.kind} of length {low}" + (f"..{high}" if high > low else "")


def _parse(text: ShapeText) -> _Parsed:
    found = _SIZED.fullmatch(text)
    if found is None:
        return _Parsed(text, -1, -1)
    kind, low, high = found.groups()
    return _Parsed(kind, int(low), int(high or low))
