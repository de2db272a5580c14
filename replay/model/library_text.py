"""Values of libraries as a person would write them: arrays, frames, series and what stands in them."""

from __future__ import annotations

import math
from collections.abc import Callable

from ...recorders.model.value_tree import AnchorNode, BytesNode, DictNode, ListNode, StandardNode, Tree, TupleNode
from .array_values import decoded, moment_text, nested, shape_of, size_of, type_name

SHOWN = 30
"""Elements of an array that are written at most."""


def library_text(tree: StandardNode, write: Callable[[Tree], str]) -> str | None:
    """The text of a value of a library, its parts by `write`; `None` for values of other kinds."""
    match tree:
        case StandardNode(kind="numpy.scalar", parts=[str(spec), value]):
            return moment_text(spec, value) or f"{type_name(spec)}({write(value)})"
        case StandardNode(kind="numpy.dtype", parts=[spec]):
            return f"dtype({type_name(spec)})"
        case StandardNode(kind="numpy.void", parts=[inner]):
            return write(inner)
        case StandardNode(kind="lxml.element", parts=[_, text, _]):
            return write(text)
        case StandardNode(kind="sqlalchemy.row", parts=[held]):
            return f"Row({write(held)})"
        case StandardNode(kind="asyncpg.record", parts=[held, _]):
            return f"Record({write(held)})"
        case StandardNode(kind="pydantic.url", parts=[_, address]):
            return write(address)
        case StandardNode(kind="numpy.array", parts=[str(name), spec, _, str(), elements]):
            return _array(tree, name, spec, elements, write)
        case StandardNode(kind="numpy.masked", parts=[data, *_]):
            return f"masked {write(data)}"
        case StandardNode(kind=kind, parts=parts) if kind.startswith("pandas."):
            return _pandas(kind, parts, write)
        case _:
            return None


def _array(tree: StandardNode, name: str, spec: Tree, elements: Tree, write: Callable[[Tree], str]) -> str:
    shape = shape_of(tree) or ()
    word = "array" if name in ("ndarray", "sample") else name
    if isinstance(elements, DictNode):
        inside = ", ".join(f"{key}: {write(value)}" for key, value in zip(elements.keys, elements.values, strict=False))
        lengths = " x ".join(map(str, shape))
        return f"{word}({lengths + ' of ' if name == 'sample' else inside}{type_name(spec)})"
    if isinstance(elements, ListNode):
        items = elements.items
    elif isinstance(elements, BytesNode):
        items = list(decoded(spec, elements.data[: SHOWN * size_of(spec)]))
    else:
        items = []
    if isinstance(elements, ListNode) and type_name(spec).startswith(("datetime", "timedelta")):
        items = [StandardNode("numpy.scalar", [spec, item]) for item in items[:SHOWN]]
    count = math.prod(shape)
    if count > SHOWN or not shape:
        shown = ", ".join(map(write, items[:SHOWN])) + (f", … {count} elements" if count > SHOWN else "")
        text = f"[{shown}]" if shape else shown
    else:
        text = write(nested(items, shape))
    lengths = f", {' x '.join(map(str, shape))}" if count > SHOWN and len(shape) > 1 else ""
    return f"{word}({text}, {type_name(spec)}{lengths})"


def _pandas(kind: str, parts: list[Tree], write: Callable[[Tree], str]) -> str | None:
    match kind, parts:
        case "pandas.gap", [str(name)]:
            return "NA" if name == "NAT" else "NaT"
        case "pandas.timestamp", [int(number), str(unit), zone, _]:
            moment = moment_text(f"<M8[{unit}]", number) or f"({number}, {unit!r})"
            inside = moment.removeprefix("datetime64(").removesuffix(")")
            return f"Timestamp({inside}{' UTC, ' + write(zone) if zone is not None else ''})"
        case "pandas.timedelta", [int(number), str(unit)]:
            span = moment_text(f"<m8[{unit}]", number) or f"({number}, {unit!r})"
            return f"Timedelta{span.removeprefix('timedelta64')}"
        case "pandas.period", [int(number), str(unit)]:
            return f"Period({number}, {unit!r})"
        case "pandas.offset", [str(name)]:
            return f"offset({name!r})"
        case "pandas.interval", [left, right, closed]:
            return f"Interval({write(left)}, {write(right)}, {write(closed)})"
        case "pandas.series", [TupleNode(items=[name, values]), _, _]:
            return f"Series({write(values)}{f', name={write(name)}' if name is not None else ''})"
        case "pandas.index", ["RangeIndex", start, stop, step, _]:
            return f"RangeIndex({write(start)}, {write(stop)}, {write(step)})"
        case "pandas.index", [str(name), TupleNode(items=[_, data]), *_]:
            return f"{name}({write(data)})"
        case "pandas.frame", [_, _, held, _]:
            return f"DataFrame({_columns(held, write)})"
        case "pandas.array", ["text" | "arrow", *_, items]:
            return write(items)
        case "pandas.array", ["datetime" | "timedelta" | "numpy" | "masked" | "period", *parts]:
            return write(next((part for part in parts if not isinstance(part, str)), None))
        case "pandas.array", [str(form), *parts]:
            return f"{form}({', '.join(map(write, parts))})"
        case _:
            return None


def _columns(held: Tree, write: Callable[[Tree], str]) -> str:
    match held:
        case AnchorNode(value=value):
            return _columns(value, write)
        case DictNode(keys=keys, values=values):
            pairs = zip(keys[:SHOWN], values, strict=False)
            return "{" + ", ".join(f"{write(key)}: {write(value)}" for key, value in pairs) + "}"
        case ListNode(items=items) | TupleNode(items=items):
            return "[" + ", ".join(map(write, items[:SHOWN])) + "]"
        case _:
            return "?"
