"""Frames, series, indexes, arrays and scalars of pandas, from the blocks in which it keeps them; it is never imported.

Only pandas' own classes are read, by what lies in their instances: no method of a frame runs, none of its caches is
filled, and no column is copied before it is captured. A frame is its index and its columns, by name where each has a
text of its own; so names of columns are redacted like keys.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Final

from ..pickle_stubs import Items, Standard
from ..raw import class_name, find_loaded, namespace_of, text, type_qualname
from .arrays import BYTES_LIMIT, OBJECTS_LIMIT, numpy_type
from .protocol import TypeAdapter, Unreadable

COLUMNS_LIMIT: Final = 1_000
"""Columns of a frame: each takes seven microseconds of a request."""

_ARRAYS: Final[dict[str, str]] = {
    **{f"{kind}Array": "masked" for kind in ("Integer", "Floating", "Boolean")},
    **{"DatetimeArray": "datetime", "TimedeltaArray": "timedelta", "PeriodArray": "period", "Categorical": "category"},
    **dict.fromkeys(("StringArray", "StringArrayNumpySemantics"), "text"),
    **dict.fromkeys(("ArrowStringArray", "ArrowStringArrayNumpySemantics", "ArrowExtensionArray"), "arrow"),
    **{"IntervalArray": "interval", "SparseArray": "sparse", "NumpyExtensionArray": "numpy", "PandasArray": "numpy"},
}
"""The arrays of pandas, by the name of the class, and how each is read."""

_IN_BLOCKS: Final = frozenset({"datetime", "timedelta", "period"})
"""Arrays of which a block holds several at once."""

_INDEXES: Final = frozenset(
    {
        *("Index", "RangeIndex", "DatetimeIndex", "TimedeltaIndex", "PeriodIndex", "CategoricalIndex"),
        *("IntervalIndex", "MultiIndex"),
    }
)
_MODULES: Final = ("pandas:", "pandas.")
_OFFSETS: Final = "pandas._libs.tslibs.offsets:"
_LOSSY: Final = ("Custom", "DateOffset", "FY5253", "BusinessHour")
"""Offsets whose text does not say all of them."""


def _own_name(value: Any) -> str:
    """The name of the class of a value, where it is one of pandas; empty for any other."""
    return _name_in_pandas(type(value))


def _name_in_pandas(cls: type) -> str:
    """No name alone makes a class one of pandas: a module of it holds the class."""
    name = class_name(cls)
    return (text(type_qualname(cls)) or "") if name.startswith(_MODULES) and find_loaded(name) is cls else ""


def _is_of(names: Collection[str]) -> Callable[[type], bool]:
    return lambda cls: _name_in_pandas(cls) in names


def _held(value: Any) -> dict[str, Any]:
    return namespace_of(value) or {}


def _manager(value: Any) -> Any:
    found = _held(value).get("_mgr")
    if _own_name(found) not in ("BlockManager", "SingleBlockManager"):
        raise Unreadable("its data lies elsewhere than pandas has it")
    return found


def _frequency(value: Any) -> str | None:
    """The text of an offset of pandas' own; a class of anyone's could run code when it is asked for it."""
    if value is None:
        return None
    if not _is_offset(type(value)) or value.normalize or getattr(value, "offset", None):
        raise Unreadable(f"the text of a frequency does not say all of a {class_name(type(value))}")
    return str(value.freqstr)


def _is_offset(cls: type) -> bool:
    """Whether a class is an offset of pandas' own that its text says."""
    name = _name_in_pandas(cls)
    return bool(name) and class_name(cls).startswith(_OFFSETS) and not name.startswith(_LOSSY)


# --- arrays ----------------------------------------------------------------------------------------------------------


def _masked(value: Any) -> tuple[Any, ...]:
    held = _held(value)
    return value.dtype.name, held["_data"], held["_mask"]


def _moments(value: Any) -> tuple[Any, ...]:
    return _moments_of(value, value._ndarray)


def _moments_of(value: Any, data: Any) -> tuple[Any, ...]:
    dtype = value._dtype
    zone = _held(dtype).get("_tz") if _own_name(dtype) == "DatetimeTZDtype" else None
    return data, zone, _frequency(_held(value).get("_freq"))


def _periods_of(value: Any, data: Any) -> tuple[Any, ...]:
    return data, value._dtype.name.partition("[")[2].rstrip("]")


def _category(value: Any) -> tuple[Any, ...]:
    held = _held(value._dtype)
    return value._ndarray, held["_categories"], bool(held["_ordered"])


def _texts(value: Any) -> tuple[Any, ...]:
    dtype, data = value._dtype, value._ndarray
    if data.size > OBJECTS_LIMIT:
        raise Unreadable(f"it holds {data.size} texts, and {OBJECTS_LIMIT} are captured")
    missing = _held(dtype).get("_na_value")
    gap = "nan" if type(missing) is float else "NA"
    items = [item if type(item) is str else None for item in data.ravel().tolist()]
    return str(_held(dtype).get("storage") or "python"), gap, items


def _arrow(value: Any) -> tuple[Any, ...]:
    held = _held(value)
    data = held["_pa_array"]
    if data.type.num_fields or not class_name(type(data.type)).startswith("pyarrow.lib:"):
        raise Unreadable("it holds values of values, or of a type that is not Arrow's own")
    if data.nbytes > BYTES_LIMIT or len(data) > OBJECTS_LIMIT:
        raise Unreadable(f"it holds {len(data)} values in {data.nbytes} bytes")
    return str(value.dtype), data.to_pylist()


def _interval(value: Any) -> tuple[Any, ...]:
    held = _held(value)
    return held["_left"], held["_right"], str(value.dtype.closed)


def _sparse(value: Any) -> tuple[Any, ...]:
    held = _held(value)
    index = held["_sparse_index"]
    if index.length * 8 > 16 * BYTES_LIMIT:
        raise Unreadable(f"it stands for {index.length} values")
    return held["_sparse_values"], index.to_int_index().indices, index.length, held["_dtype"].fill_value


_READ: Final[dict[str, Callable[[Any], tuple[Any, ...]]]] = {
    "masked": _masked,
    "datetime": _moments,
    "timedelta": _moments,
    "period": lambda value: _periods_of(value, value._ndarray),
    "category": _category,
    "text": _texts,
    "arrow": _arrow,
    "interval": _interval,
    "sparse": _sparse,
    "numpy": lambda value: (value._ndarray,),
}


def _array(value: Any) -> tuple[Any, ...]:
    form = _ARRAYS[_own_name(value)]
    return form, *_READ[form](value)


# --- what holds arrays -----------------------------------------------------------------------------------------------


def _index(value: Any) -> tuple[Any, ...]:
    held, name = _held(value), _own_name(value)
    if name == "RangeIndex":
        span = held["_range"]
        return name, span.start, span.stop, span.step, held.get("_name")
    if name == "MultiIndex":
        levels, codes, names = (list.__getitem__(held[key], slice(None)) for key in ("_levels", "_codes", "_names"))
        return name, levels, codes, names
    data = held["_data"]
    frequency = held.get("_freq") or (_held(data).get("_freq") if name.startswith(("Date", "Time")) else None)
    return name, (held.get("_name"), data), _frequency(frequency)


def _series(value: Any) -> tuple[Any, ...]:
    manager = _manager(value)
    (block,) = manager.blocks
    return (_held(value).get("_name"), block.values), manager.axes[0], _held(value).get("_attrs") or {}


def _frame(value: Any) -> tuple[Any, ...]:
    manager = _manager(value)
    columns, index = manager.axes
    blocks = manager.blocks
    if len(columns) > COLUMNS_LIMIT:
        raise Unreadable(f"it has {len(columns)} columns, and {COLUMNS_LIMIT} are captured")
    size = sum(_bytes(block.values) for block in blocks)
    if size > BYTES_LIMIT:
        rows, width = len(index), len(columns)
        raise Unreadable(f"it has {rows} rows, {width} columns and {size} bytes, and {BYTES_LIMIT} are captured")
    held: list[Any] = [None] * len(columns)
    for block in blocks:
        for row, position in enumerate(block._mgr_locs.as_array.tolist()):
            held[position] = _column(block.values, row)
    return columns, index, _by_name(columns, held), _held(value).get("_attrs") or {}


def _bytes(values: Any) -> int:
    """The bytes of a block, where they are known before it is read; the others are counted while they are captured."""
    data = values if type(values) is numpy_type("ndarray") else _data_of(values)
    return int(data.nbytes) if type(data) is numpy_type("ndarray") else 0


def _data_of(values: Any) -> Any:
    """The array in an array of pandas that has one; `None` for others, also those of other libraries."""
    return getattr(values, "_ndarray", None) if _own_name(values) in _ARRAYS else None


def _column(values: Any, row: int) -> Any:
    """A column of a block: a row of it where it holds several."""
    if type(values) is numpy_type("ndarray"):
        return values[row] if values.ndim == 2 else values
    form = _ARRAYS.get(_own_name(values), "")
    if form in _IN_BLOCKS and values._ndarray.ndim == 2:
        read = _periods_of if form == "period" else _moments_of
        return Standard("pandas.array", form, *read(values, values._ndarray[row]))
    return values


def _by_name(columns: Any, held: list[Any]) -> Any:
    """Columns under their names, where each has a text of its own; else each beside its name, in their order."""
    names = _labels(columns, len(held))
    if all(type(name) is str for name in names) and len(set(names)) == len(names):
        return Items("dict", names, held)
    return list(zip(names, held, strict=True))


def _labels(index: Any, length: int) -> list[Any]:
    """The texts in an index, of one with several levels those of the last level; `None` for what is no text."""
    held = _held(index)
    if "_levels" in held:
        names = _labels(list.__getitem__(held["_levels"], -1), 0)
        codes = list.__getitem__(held["_codes"], -1).tolist()
        return [names[code] if 0 <= code < len(names) else None for code in codes]
    data: Any = held.get("_data")
    if _ARRAYS.get(_own_name(data)) == "arrow":
        found = _arrow(data)[1]
    else:
        data = data if type(data) is numpy_type("ndarray") else _data_of(data)
        texts = type(data) is numpy_type("ndarray") and data.dtype.kind == "O" and data.size <= OBJECTS_LIMIT
        found = data.ravel().tolist() if texts else [None] * length
    return [name if type(name) is str else None for name in found]


# --- scalars ---------------------------------------------------------------------------------------------------------


def _timestamp(value: Any) -> tuple[Any, ...]:
    return value._value, value.unit, value.tzinfo, value.fold


ADAPTERS: tuple[TypeAdapter, ...] = (
    TypeAdapter("pandas.frame", (), _frame, is_mutable=True, accepts=_is_of({"DataFrame"})),
    TypeAdapter("pandas.series", (), _series, is_mutable=True, accepts=_is_of({"Series"})),
    TypeAdapter("pandas.index", (), _index, is_mutable=True, accepts=_is_of(_INDEXES)),
    TypeAdapter("pandas.array", (), _array, is_mutable=True, accepts=_is_of(_ARRAYS)),
    TypeAdapter("pandas.timestamp", (), _timestamp, accepts=_is_of({"Timestamp"})),
    TypeAdapter("pandas.timedelta", (), lambda value: (value._value, value.unit), accepts=_is_of({"Timedelta"})),
    TypeAdapter("pandas.period", (), lambda value: (value.ordinal, value.freqstr), accepts=_is_of({"Period"})),
    TypeAdapter(
        "pandas.interval", (), lambda value: (value.left, value.right, value.closed), accepts=_is_of({"Interval"})
    ),
    TypeAdapter("pandas.gap", (), lambda value: (_own_name(value)[:3],), accepts=_is_of({"NAType", "NaTType"})),
    TypeAdapter("pandas.offset", (), lambda value: (_frequency(value),), accepts=_is_offset),
)
"""One a family of types."""
