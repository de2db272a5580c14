"""Fields: the paths that name parts of an observation, such as `response.json.items[3].price`, and the patterns that
represent many of them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TypeAlias

from ...recorders.boundaries.routes import route_guess
from ...recorders.model.value_tree import Tree, encode
from .difference import WHOLE_CALLS, DifferenceKind
from .render import literal
from .shape_text import is_name

Field: TypeAlias = str
"""Begins with what it is a part of: `response`, `return`, `exception`, `arguments`, or the words of an outbound call
and a space."""

FieldPattern: TypeAlias = str
"""A field with `[*]` for positions and for keys that are data, `<id>` for parts of a route that are."""

_OF_WHOLE_CALLS = tuple(f": {WHOLE_CALLS[kind]}" for kind in (DifferenceKind.CALL_ADDED, DifferenceKind.CALL_MISSING))
_STRING = r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*\""""
_BRACKET = rf"\[(?:{_STRING}|[^\]'\"])*\]"
_BRACKETS = re.compile(_BRACKET)
_UNFINISHED = re.compile(r"\[(?!\*\]).*", re.DOTALL)
_KEY = re.compile(r"\.([A-Za-z_][\w-]*)")


def without_positions(field: Field) -> FieldPattern:
    """The field without positions in sequences: the same field of many items is one."""
    return re.sub(r"\[\d+\]", "[*]", field)


_ARGUMENT = re.compile(r"arguments\[1\]\[(\d+)\]")
_NAMED_ARGUMENT = re.compile(r"arguments\[2\]\.(?=[A-Za-z_])")


def named_field(field: Field, parameters: Sequence[str]) -> str:
    """A field of a function's arguments in the function's own words, as `items[0]`; to be read only: rules and
    acceptances go by the field itself. `parameters` are the names of the positional ones, without the receiver."""
    if field.startswith("arguments[0]"):
        return f"self{field.removeprefix('arguments[0]')}"
    found = _ARGUMENT.match(field)
    if found is not None and int(found[1]) < len(parameters):
        return parameters[int(found[1])] + field[found.end() :]
    return _NAMED_ARGUMENT.sub("", field, count=1) if _NAMED_ARGUMENT.match(field) else field


def field_pattern(field: Field, *, outbound: bool = False) -> FieldPattern:
    """The field without what differs from trace to trace: positions, and keys and parts of routes that are data.

    `outbound` says that it begins with the words of an outbound call.
    """
    if outbound:
        method, space, rest = field.partition(" ")
        target, end, part = rest.partition(" ")
        field = f"{method}{space}{_route(target)}{end}{part}"
    field = _UNFINISHED.sub("[*]", _BRACKETS.sub("[*]", without_positions(field)))
    return _KEY.sub(lambda found: found[0] if is_name(found[1]) else "[*]", field)


def _route(target: str) -> str:
    """Where a request goes, without what is data in its path; tables and functions stay as they are."""
    if "/" not in target:
        return target
    return route_guess(target.removesuffix(":")) + (":" if target.endswith(":") else "")


def fits(wanted: str, field: Field) -> bool:
    """Whether a field is one of those that a person wrote as a pattern.

    There `[*]` represents any position or key in brackets and `*` for any part of a name; in the words of an outbound
    call, which end at the last space, `*` represents anything but a space.
    """
    return _compiled(wanted).fullmatch(field.rstrip()) is not None


@lru_cache(maxsize=256)
def _compiled(wanted: str) -> re.Pattern[str]:
    call, space, path = _parted(wanted.strip())
    words = re.escape(call).replace(r"\*", r"\S*")
    return re.compile(f"{words}{re.escape(space)}{_path_expression(path)}", re.DOTALL)


def _parted(wanted: str) -> tuple[str, str, str]:
    """(words of a call, space, path in it); a field that is none of a call is all path."""
    masked = _BRACKETS.sub(lambda found: "." * len(found[0]), wanted)
    end = masked.rfind(" ")
    if wanted.endswith(_OF_WHOLE_CALLS) or "/" in masked[end + 1 :]:
        return wanted, "", ""  # the call itself
    return (wanted[:end], " ", wanted[end + 1 :]) if end >= 0 else ("", "", wanted)


def _path_expression(path: str) -> str:
    parts = re.split(rf"({_BRACKET}|\*)", path)
    known = {"[*]": _BRACKET, "*": r"[^.\[\]\s]*"}
    return "".join(known.get(part, re.escape(part)) for part in parts)


def key_path(key: Tree) -> str:
    """What a key of a dict adds to the path of its value."""
    if isinstance(key, str) and re.fullmatch(r"[A-Za-z_][\w-]*", key):
        return f".{key}"
    text = literal(key)
    if "…" in text:  # two keys that are cut at the same place are two keys
        text += f" {hashlib.blake2b(encode(key), digest_size=4).hexdigest()}"
    return f"[{text}]"
