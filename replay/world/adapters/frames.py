"""Builders of pandas' frames, series, indexes, arrays and scalars, by its constructors, of parts that are checked."""

from __future__ import annotations

import datetime
import zoneinfo
from typing import Any, Final

from .arrays import ELEMENTS_LIMIT
from .protocol import TypeBuilder, exactly, member

_MASKED: Final = {
    **{f"{sign}Int{size}": "IntegerArray" for sign in ("", "U") for size in (8, 16, 32, 64)},
    **{"Float32": "FloatingArray", "Float64": "FloatingArray", "boolean": "BooleanArray"},
}
_CLOSED: Final = frozenset({"left", "right", "both", "neither"})
_UNITS: Final = frozenset({"s", "ms", "us", "ns"})
_GAPS: Final = {"NAT": "NA", "NaT": "NaT"}
_SHORT: Final = 100
"""Characters of the name of a frequency, a unit or a type."""


def _pandas(name: str) -> Any:
    return member("pandas", name)


def _numbers(value: Any) -> Any:
    return exactly(member("numpy", "ndarray"), value)


def _zone(zone: Any) -> Any:
    """A zone of the standard library: one of anyone's would run code when moments are computed with it."""
    if zone is not None and type(zone) not in (datetime.timezone, zoneinfo.ZoneInfo):
        raise TypeError(f"its zone is a {type(zone).__name__}")
    return zone


def _text(value: Any) -> str:
    if len(exactly(str, value)) > _SHORT:
        raise ValueError("it is no name of a frequency, a unit or a type")
    return str(value)


def _offset(name: Any) -> Any:
    return member("pandas.tseries.frequencies", "to_offset")(_text(name))


def _is_column(value: Any) -> bool:
    kinds = (member("numpy", "ndarray"), member("pandas.api.extensions", "ExtensionArray"))
    return type(value) is kinds[0] or (isinstance(value, kinds[1]) and type(value).__module__.startswith("pandas."))


def _values(value: Any) -> Any:
    if not (_is_column(value) or type(value) is _pandas("Categorical")):
        raise TypeError(f"it holds a {type(value).__name__} where an array belongs")
    return value


def _index_of(value: Any) -> Any:
    if not isinstance(value, _pandas("Index")):
        raise TypeError(f"it holds a {type(value).__name__} where an index belongs")
    return value


# --- arrays ----------------------------------------------------------------------------------------------------------


def _masked(name: Any, data: Any, mask: Any) -> Any:
    return member("pandas.arrays", _MASKED[_text(name)])(_numbers(data), _numbers(mask))


def _moments(data: Any, zone: Any, frequency: Any) -> Any:
    made = _pandas("DatetimeIndex")(_numbers(data))
    if zone is not None:
        made = made.tz_localize("UTC").tz_convert(_zone(zone))
    return made.array


def _spans(data: Any, frequency: Any = None) -> Any:
    return _pandas("TimedeltaIndex")(_numbers(data)).array


def _periods(data: Any, frequency: Any) -> Any:
    return _pandas("PeriodIndex").from_ordinals(_numbers(data), freq=_text(frequency)).array


def _category(codes: Any, categories: Any, ordered: Any) -> Any:
    kind = _pandas("CategoricalDtype")(_index_of(categories), exactly(bool, ordered))
    return _pandas("Categorical").from_codes(_numbers(codes), dtype=kind)


def _texts(storage: Any, gap: Any, items: Any) -> Any:
    given = [item if item is None else exactly(str, item) for item in exactly(list, items)]
    kind = "str" if gap == "nan" else member("pandas", "StringDtype")(_text(storage))
    return _pandas("array")(given, dtype=kind)


_PLAIN = frozenset({type(None), bool, int, float, str, bytes, datetime.datetime, datetime.date})


def _arrow(name: Any, items: Any) -> Any:
    if not all(type(item) in _PLAIN for item in exactly(list, items)):
        raise TypeError("it holds something that is no plain value")
    if name not in ("string", "str") and not _text(name).endswith("[pyarrow]"):
        raise ValueError(f"{name!r} is no type of Arrow")
    kind = member("pandas", "StringDtype")("pyarrow") if name == "string" else name
    return _pandas("array")(items, dtype=kind)


def _interval(left: Any, right: Any, closed: Any) -> Any:
    if closed not in _CLOSED:
        raise ValueError(f"{closed!r} is no side")
    return member("pandas.arrays", "IntervalArray").from_arrays(_side(left), _side(right), closed=closed)


def _side(value: Any) -> Any:
    return value if isinstance(value, _pandas("Index")) else _values(value)


def _sparse(values: Any, places: Any, length: Any, fill: Any) -> Any:
    data, at = _numbers(values), _numbers(places)
    if not 0 <= exactly(int, length) <= ELEMENTS_LIMIT or data.dtype.hasobject:
        raise ValueError("it stands for more than is recorded")
    dense = member("numpy", "full")(length, fill, data.dtype)
    dense[at] = data
    return member("pandas.arrays", "SparseArray")(dense, fill_value=fill)


_ARRAYS: Final[dict[str, Any]] = {
    "masked": _masked,
    "datetime": _moments,
    "timedelta": lambda data, zone, frequency: _spans(data),
    "period": _periods,
    "category": _category,
    "text": _texts,
    "arrow": _arrow,
    "interval": _interval,
    "sparse": _sparse,
    "numpy": lambda data: member("pandas.arrays", "NumpyExtensionArray")(_numbers(data)),
}


# --- what holds arrays -----------------------------------------------------------------------------------------------

_INDEXES: Final = frozenset(
    {"Index", "DatetimeIndex", "TimedeltaIndex", "PeriodIndex", "CategoricalIndex", "IntervalIndex"}
)


def _index(name: str, *parts: Any) -> Any:
    if name == "RangeIndex":
        start, stop, step, label = parts
        return _pandas(name)(exactly(int, start), exactly(int, stop), exactly(int, step), name=label)
    if name == "MultiIndex":
        levels, codes, names = (exactly(list, part) for part in parts)
        checked = [_index_of(level) for level in levels], [_numbers(code) for code in codes]
        return _pandas(name)(levels=checked[0], codes=checked[1], names=names)
    if name not in _INDEXES:
        raise ValueError(f"{name!r} is no index")
    named, frequency = parts
    label, data = exactly(tuple, named)
    made = _pandas("Index")(_values(data), dtype=data.dtype, name=label)
    if frequency is not None:
        made.freq = _offset(frequency)
    return made


def _series(named: Any, index: Any, attributes: Any) -> Any:
    name, values = exactly(tuple, named)
    data = _values(values)
    made = _pandas("Series")(data, index=_index_of(index), name=name, dtype=data.dtype, copy=False)
    made.attrs.update(exactly(dict, attributes))
    return made


def _frame(columns: Any, index: Any, held: Any, attributes: Any) -> Any:
    names, rows = _index_of(columns), _index_of(index)
    given = list(held.values()) if type(held) is dict else [column for _name, column in exactly(list, held)]
    if len(given) != len(names):
        raise ValueError("it has more columns than names, or fewer")
    series = _pandas("Series")
    made = {at: series(_values(column), index=rows, dtype=column.dtype) for at, column in enumerate(given)}
    frame = _pandas("DataFrame")(made, index=rows)
    frame.columns = names
    frame.attrs.update(exactly(dict, attributes))
    return frame


# --- scalars ---------------------------------------------------------------------------------------------------------


def _timestamp(number: Any, unit: Any, zone: Any, fold: Any) -> Any:
    moment = member("numpy", "datetime64")(exactly(int, number), _unit(unit))
    made = _pandas("Timestamp")(moment)
    return made if zone is None else made.tz_localize("UTC").tz_convert(_zone(zone))


def _unit(unit: Any) -> str:
    if unit not in _UNITS:
        raise ValueError(f"{unit!r} is no unit of time")
    return str(unit)


def _timedelta(number: Any, unit: Any) -> Any:
    return _pandas("Timedelta")(member("numpy", "timedelta64")(exactly(int, number), _unit(unit)))


def _period(number: Any, name: Any) -> Any:
    return _pandas("Period")(ordinal=exactly(int, number), freq=_text(name))


def _scalar_interval(left: Any, right: Any, closed: Any) -> Any:
    kinds = (int, float, _pandas("Timestamp"), _pandas("Timedelta"))
    for side in (left, right):
        if not (type(side) in kinds or isinstance(side, member("numpy", "number"))):
            raise TypeError(f"it holds a {type(side).__name__} where a number belongs")
    return _pandas("Interval")(left, right, closed=closed)


BUILDERS: tuple[TypeBuilder, ...] = (
    TypeBuilder("pandas.frame", _frame),
    TypeBuilder("pandas.series", _series),
    TypeBuilder("pandas.index", _index),
    TypeBuilder("pandas.array", lambda form, *parts: _ARRAYS[exactly(str, form)](*parts)),
    TypeBuilder("pandas.timestamp", _timestamp),
    TypeBuilder("pandas.timedelta", _timedelta),
    TypeBuilder(
        "pandas.period", lambda number, name: _pandas("Period")(ordinal=exactly(int, number), freq=_text(name))
    ),
    TypeBuilder("pandas.interval", _scalar_interval),
    TypeBuilder("pandas.gap", lambda name: _pandas(_GAPS[name])),
    TypeBuilder("pandas.offset", _offset),
)
"""One a kind."""
