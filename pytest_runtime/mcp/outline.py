"""The outline of an answer: the same data as its typed form, for reading, in a third less tokens than JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

ROW = 160
"""Characters up to which an item of a list stands in one line."""


def outline(data: Mapping[str, Any]) -> str:
    """Plain data as indented lines; what is empty is left out."""
    return "\n".join(_fields(data, ""))


def _fields(data: Mapping[str, Any], indent: str) -> Iterator[str]:
    for key, value in data.items():
        if _is_empty(value):
            continue
        if isinstance(value, str) and "\n" in value:
            yield f"{indent}{key}:"
            yield from (f"{indent}  {line}" for line in value.splitlines())
        elif _is_scalar(value):
            yield f"{indent}{key}: {_text(value)}"
        elif isinstance(value, Mapping) and (row := _row(value)) is not None:
            yield f"{indent}{key}: {row}"
        else:
            yield f"{indent}{key}:"
            yield from _inside(value, indent + "  ")


def _inside(value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield from _fields(value, indent)
        return
    for item in value:
        yield from _item(item, indent)


def _item(item: Any, indent: str) -> Iterator[str]:
    if _is_scalar(item):
        yield f"{indent}- {_text(item)}"
        return
    if isinstance(item, Sequence):
        yield f"{indent}- {' | '.join(_text(part) for part in item)}"
        return
    if (row := _row(item)) is not None:
        yield f"{indent}- {row}"
        return
    lines = list(_fields(item, indent + "  "))
    if lines:
        yield f"{indent}- {lines[0].lstrip()}"
        yield from lines[1:]


def _row(item: Mapping[str, Any]) -> str | None:
    """A flat record in one line; `None` where it is not flat, or too long."""
    said = {key: value for key, value in item.items() if not _is_empty(value)}
    if not all(map(_is_scalar, said.values())):
        return None
    row = ", ".join(f"{key}: {_text(value)}" for key, value in said.items())
    return row if len(row) <= ROW and "\n" not in row else None


def _is_scalar(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float)


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, str | Mapping | Sequence) and not value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value)
