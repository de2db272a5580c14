"""Values of libraries, part by part: what of two arrays, frames or series is compared with what.

Types are compared by name, shapes by lengths, and elements one by one, under the path that code would use: `[3]`,
`.price[7]`, `.index[2]`. How an array lies in memory is no part of its value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final, NamedTuple, TypeAlias

from ...recorders.model.value_tree import BytesNode, DictNode, ListNode, StandardNode, Tree, TupleNode
from ..model.array_values import differing, elements_of, is_number, of_type, shape_of, size_of, steps_of, type_name
from ..model.difference import ABSENT
from ..model.field_path import key_path
from .mock_parts import mock_parts

ELEMENTS_LIMIT: Final = 10_000
"""Differing elements of an array that are looked at: more are in no report."""

DEPTH_LIMIT: Final = 100
"""Levels of a document that are compared node by node; more are not recorded."""

RANGE_LIMIT: Final = 100_000
"""Numbers of a range that are compared with those of another index."""

Pair: TypeAlias = tuple[str, Tree, Tree]
"""(path below the value, base's part, candidate's)"""

Resolve: TypeAlias = Callable[[Tree], Tree]
"""A tree behind its anchor or reference."""


_Elements: TypeAlias = Callable[[], list[Tree] | None]


class LibraryParts(NamedTuple):
    """What of two values is compared with what."""

    pairs: list[Pair]
    items: tuple[list[Tree], list[Tree]] | None = None
    """Elements of two sequences of different length, which are aligned."""


class _Column(NamedTuple):
    """One-dimensional or not: a type, a shape, and elements."""

    type: str
    shape: tuple[int, ...]
    elements: _Elements
    source: StandardNode
    is_number: bool = False


def library_parts(base: StandardNode, candidate: StandardNode, before: Resolve, after: Resolve) -> LibraryParts | None:
    """The parts of two values of libraries; `None` for values of other kinds, which are compared as a whole.

    `before` and `after` resolve references on either side.
    """
    left, right = _column(base, before), _column(candidate, after)
    named = _PARTS.get(base.kind) if base.kind == candidate.kind else None
    pairs: list[Pair] | None = None
    if named is not None and base.parts and candidate.parts:
        pairs = named([before(part) for part in base.parts], [after(part) for part in candidate.parts])
    if left is None or right is None or (base.kind == "pandas.index") != (candidate.kind == "pandas.index"):
        return LibraryParts(pairs) if pairs is not None else None
    if base.kind == "pandas.index":
        pairs = [pair for pair in pairs or () if pair[0]]
    found = _columns(left, right)
    return LibraryParts([*(pairs or ()), *found.pairs], found.items)


# --- columns ---------------------------------------------------------------------------------------------------------


def _columns(base: _Column, candidate: _Column) -> LibraryParts:
    pairs: list[Pair] = [(".dtype", base.type, candidate.type)]
    if len(base.shape) != len(candidate.shape) or (base.shape != candidate.shape and len(base.shape) != 1):
        shapes = (TupleNode(list(base.shape)), TupleNode(list(candidate.shape)))
        return LibraryParts([*pairs, (".shape", *shapes)])
    if base.shape == candidate.shape and base.type == candidate.type:
        return LibraryParts([*pairs, *_elementwise(base, candidate)])
    left, right = base.elements(), candidate.elements()
    if left is None or right is None:
        return LibraryParts(pairs)
    if base.type != candidate.type and base.is_number and candidate.is_number:
        left, right = list(map(_as_float, left)), list(map(_as_float, right))
    if base.shape != candidate.shape:
        return LibraryParts(pairs, (left, right))
    return LibraryParts([*pairs, *_unequal(left, right, base.shape)])


def _as_float(number: Tree) -> Tree:
    return float(number) if isinstance(number, bool | int) else number


def _elementwise(base: _Column, candidate: _Column) -> Iterator[Pair]:
    """The elements that differ, of two columns of one type and shape."""
    before, after = _bytes(base.source), _bytes(candidate.source)
    if before is None or after is None:
        yield from _unequal(base.elements() or [], candidate.elements() or [], base.shape)
        return
    spec = base.source.parts[1]
    size = size_of(spec)
    for position in islice(differing(size, before, after) if size else (), ELEMENTS_LIMIT):
        start = position * size
        left, right = (_element(spec, data[start : start + size]) for data in (before, after))
        yield steps_of(position, base.shape), left, right


def _bytes(source: StandardNode) -> bytes | None:
    match source:
        case StandardNode(kind="numpy.array", parts=[_, _, _, _, BytesNode(data=data)]):
            return data
        case _:
            return None


def _element(spec: Tree, data: bytes) -> Tree:
    one = StandardNode("numpy.array", ["ndarray", spec, TupleNode([]), "C", BytesNode(data)])
    return next(iter(elements_of(one) or [None]))


def _unequal(left: list[Tree], right: list[Tree], shape: tuple[int, ...]) -> Iterator[Pair]:
    for position, (before, after) in enumerate(zip(left, right, strict=False)):
        if type(before) is not float or type(after) is not float or before != after or not before:
            yield steps_of(position, shape), before, after


def _column(tree: Tree, resolve: Resolve) -> _Column | None:
    """A value as a column; `None` where it is none."""
    match tree:
        case StandardNode(kind="numpy.array", parts=[str(), spec, _, str(), BytesNode() | ListNode()]):
            shape = shape_of(tree)
            if shape is None:
                return None
            return _Column(type_name(spec), shape, lambda: elements_of(tree), tree, is_number(spec))
        case StandardNode(kind="pandas.array", parts=[str(form), *parts]):
            return _array(tree, form, [resolve(part) for part in parts], resolve)
        case StandardNode(kind="pandas.index", parts=["RangeIndex", int(start), int(stop), int(step), _]) if step:
            numbers = range(start, stop, step)
            count = max(0, (stop - start + step - (1 if step > 0 else -1)) // step)  # `len` ends at 63 bits
            return _Column("int64", (count,), lambda: list(islice(numbers, RANGE_LIMIT)), tree, True)
        case StandardNode(kind="pandas.index", parts=[str(), named, _]):
            match resolve(named):
                case TupleNode(items=[_, data]):
                    return _column(resolve(data), resolve)
            return None
        case _:
            return None


def _array(tree: StandardNode, form: str, parts: list[Tree], resolve: Resolve) -> _Column | None:
    match form, parts:
        case "masked", [str(name), StandardNode() as data, StandardNode() as mask]:
            return _like(data, name, lambda: _gapped(elements_of(data), elements_of(mask)), tree)
        case "datetime" | "timedelta", [StandardNode() as data, zone, _]:
            found = _column(data, resolve)
            name = found.type if found is not None else "?"
            zoned = f"{name[:-1]}, {_zone_name(zone)}]" if zone is not None else name
            return _like(data, zoned, lambda: elements_of(data), tree)
        case "period", [StandardNode() as data, str(unit)]:
            return _like(data, f"period[{unit}]", lambda: _periods(elements_of(data), unit), tree)
        case "category", [StandardNode() as codes, categories, bool()]:
            known = _column(categories, resolve)
            names = known.elements if known is not None else list
            return _like(codes, "category", lambda: _chosen(elements_of(codes), names() or []), tree)
        case "text", [str(), str(gap), ListNode(items=items)]:
            name = "str" if gap == "nan" else "string"
            return _Column(name, (len(items),), lambda: list(items), tree)
        case "arrow", [str(name), ListNode(items=items)]:
            return _Column(name, (len(items),), lambda: list(items), tree)
        case "numpy", [StandardNode() as data]:
            return _column(data, resolve)
        case _:
            return None


def _like(data: StandardNode, name: str, elements: _Elements, tree: StandardNode) -> _Column | None:
    shape = shape_of(data)
    return _Column(name, shape, elements, tree) if shape is not None else None


def _zone_name(zone: Tree) -> str:
    match zone:
        case StandardNode(kind="zoneinfo", parts=[str(key)]):
            return key
        case StandardNode(kind="timezone", parts=[StandardNode(kind="timedelta", parts=[0, 0, 0])]):
            return "UTC"
        case _:
            return "a zone"


def _gapped(items: list[Tree] | None, gaps: list[Tree] | None) -> list[Tree] | None:
    if items is None or gaps is None:
        return None
    return [StandardNode("pandas.gap", ["NAT"]) if gap else item for item, gap in zip(items, gaps, strict=False)]


def _chosen(codes: list[Tree] | None, names: list[Tree]) -> list[Tree] | None:
    """The categories of their numbers; `None` for a gap."""
    return [names[code] if isinstance(code, int) and 0 <= code < len(names) else None for code in codes or ()]


def _periods(items: list[Tree] | None, unit: str) -> list[Tree] | None:
    return [StandardNode("pandas.period", [item, unit]) for item in items] if items is not None else None


# --- other values ----------------------------------------------------------------------------------------------------

_Compared: TypeAlias = Callable[[list[Tree], list[Tree]], list[Pair] | None]


def _named(*names: str) -> _Compared:
    """Compares parts by their position, each under a name; what has none is no part of the value."""

    def compared(base: list[Tree], candidate: list[Tree]) -> list[Pair] | None:
        rows = zip(names, base, candidate, strict=False)
        return [(name.removesuffix("="), left, right) for name, left, right in rows if name]

    return compared


def _scalar(base: list[Tree], candidate: list[Tree]) -> list[Pair] | None:
    match base, candidate:
        case [str(before), left], [str(after), right]:
            names = (".dtype", type_name(before), type_name(after))
            if before[1:2] in ("m", "M") and before == after:
                return None
            return [names, ("", of_type(before, left), of_type(after, right))]
        case _:
            return None


def _fields(base: list[Tree], candidate: list[Tree]) -> list[Pair] | None:
    """An array with fields, or some elements of one that is too large."""
    match base, candidate:
        case [str(), left, _, str(), DictNode() as old], [str(), right, _, str(), DictNode() as new]:
            shapes = base[2], candidate[2]
            pairs: list[Pair] = [(".dtype", type_name(left), type_name(right)), (".shape", *shapes)]
            if base[0] == candidate[0] == "sample":
                return [*pairs, *_sampled(old, new)] if shapes[0] == shapes[1] else pairs
            return [*pairs, *_by_name(old, new)]
        case _:
            return None


def _sampled(base: DictNode, candidate: DictNode) -> Iterator[Pair]:
    match base.values, candidate.values:
        case [ListNode(items=at), StandardNode() as left, rest], [_, StandardNode() as right, other_rest]:
            pairs = list(zip(at, elements_of(left) or [], elements_of(right) or [], strict=False))
            yield from ((f"[{position}]", before, after) for position, before, after in pairs)
            if all(before == after for _at, before, after in pairs):
                yield ".tobytes()", rest, other_rest


def _by_name(base: DictNode, candidate: DictNode) -> list[Pair]:
    left, right = (dict(zip(map(_step, side.keys), side.values, strict=False)) for side in (base, candidate))
    names = [*left, *(name for name in right if name not in left)]
    return [(name, left.get(name, ABSENT), right.get(name, ABSENT)) for name in names]


def _step(name: Tree) -> str:
    """What leads to a column: its name, except where a frame has an attribute of its own there."""
    return f"[{name!r}]" if name in ("index", "columns", "attrs", "dtype", "shape") else key_path(name)


def _frame(base: list[Tree], candidate: list[Tree]) -> list[Pair] | None:
    match base, candidate:
        case [_, rows, DictNode() as old, attrs], [_, other_rows, DictNode() as new, other_attrs]:
            order = [name for name in old.keys if name in new.keys], [name for name in new.keys if name in old.keys]
            columns: Pair = (".columns", ListNode(order[0]), ListNode(order[1]))
            names: list[Pair] = [columns] if order[0] != order[1] else []
            return [(".index", rows, other_rows), *names, *_by_name(old, new), (".attrs", attrs, other_attrs)]
        case [names_, rows, ListNode(items=old_), attrs], [other_names, other_rows, ListNode(items=new_), other_attrs]:
            pairs: list[Pair] = [(".index", rows, other_rows), (".columns", names_, other_names)]
            if len(old_) == len(new_):
                rows_ = enumerate(zip(map(_beside, old_), map(_beside, new_), strict=True))
                pairs += [(f"[{at}]", left, right) for at, (left, right) in rows_]
            return [*pairs, (".attrs", attrs, other_attrs)]
        case _:
            return None


def _forms(base: list[Tree], candidate: list[Tree]) -> list[Pair] | None:
    names = {
        "category": ("", ".categories", ".ordered"),
        "interval": (".left", ".right", ".closed"),
        "sparse": (".sp_values", ".indices", ".length", ".fill_value"),
    }.get(str(base[0]))
    return _named(*names)(base[1:], candidate[1:]) if names is not None and base[0] == candidate[0] else None


def _index(base: list[Tree], candidate: list[Tree]) -> list[Pair] | None:
    classes: Pair = (".class", base[0], candidate[0])
    if "MultiIndex" in (base[0], candidate[0]):
        if base[0] != candidate[0]:
            return [classes]
        return _named("", ".levels", ".codes", ".names")(base, candidate)
    data: Pair = ("", _data(base), _data(candidate))
    return [
        classes,
        data,
        (".name", _label(base), _label(candidate)),
        (".freq", _frequency(base), _frequency(candidate)),
    ]


def _series(base: list[Tree], candidate: list[Tree]) -> list[Pair] | None:
    match base, candidate:
        case [TupleNode(items=[name, values]), *rest], [TupleNode(items=[other, others]), *other_rest]:
            pairs = zip((".index", ".attrs"), rest, other_rest, strict=False)
            return [("", values, others), (".name", name, other), *pairs]
        case _:
            return None


def _beside(named: Tree) -> Tree:
    """What stands beside a name."""
    match named:
        case TupleNode(items=[_, value]):
            return value
        case _:
            return named


def _data(parts: list[Tree]) -> Tree:
    return TupleNode(parts[1:4]) if parts[0] == "RangeIndex" else _beside(parts[1])


def _label(parts: list[Tree]) -> Tree:
    match parts:
        case ["RangeIndex", *_, name]:
            return name
        case [_, TupleNode(items=[name, _]), _]:
            return name
        case _:
            return None


def _frequency(parts: list[Tree]) -> Tree:
    return None if parts[0] == "RangeIndex" else parts[-1]


def _document(base: list[Tree], candidate: list[Tree]) -> list[Pair] | None:
    match base, candidate:
        case [before, ListNode(items=left)], [after, ListNode(items=right)]:
            contents = ListNode([_node(one, 0) for one in left]), ListNode([_node(one, 0) for one in right])
            return [(".builder", before, after), (".contents", *contents)]
        case _:
            return None


def _node(node: Tree, depth: int) -> Tree:
    """A tag or a text of a document, with names for its parts."""
    match node:
        case _ if depth > DEPTH_LIMIT:
            return node
        case TupleNode(items=["NavigableString", text]):
            return text
        case TupleNode(items=[str(kind), text]):
            return DictNode([kind], [text])
        case TupleNode(items=[name, prefix, namespace, attributes, ListNode(items=inside)]):
            names: list[Tree] = ["name", "prefix", "namespace", "attrs", "contents"]
            return DictNode(
                names, [name, prefix, namespace, attributes, ListNode([_node(one, depth + 1) for one in inside])]
            )
        case _:
            return node


_PARTS: Final[dict[str, _Compared]] = {
    "mock": mock_parts,
    "numpy.array": _fields,
    "numpy.scalar": _scalar,
    "numpy.void": _named("="),
    "sqlalchemy.row": _named("="),
    "asyncpg.record": _named("=", ".__class__"),
    "bs4.document": _document,
    "bs4.tag": _named(".document", ".place"),
    "numpy.masked": _named("=", ".mask", ".fill_value", ".hardmask"),
    "pandas.frame": _frame,
    "pandas.series": _series,
    "pandas.index": _index,
    "pandas.array": _forms,
}
"""Kind → how its parts are compared. A part under `=` is compared as the value itself."""
