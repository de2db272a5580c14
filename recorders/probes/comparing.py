"""What is true, equal, less, contained: the operators of expressions, without those of the service's classes."""

from __future__ import annotations

import datetime
import decimal
import zoneinfo
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from .plain import (
    EXACT_BASES,
    ITEM_LIMIT,
    MISSING,
    NUMBERS,
    REDACTED,
    SCALARS,
    TEXT_LIMIT,
    TEXTS,
    Unreadable,
    base_of,
    found_in,
    items_of,
    name_of,
    pairs_of,
    plain,
    value_under,
)

MOMENTS: Final = frozenset(map(id, (datetime.datetime, datetime.date, datetime.time, datetime.timedelta)))
_ZONES: Final = frozenset(map(id, (type(None), datetime.timezone, zoneinfo.ZoneInfo)))
_WITH_ZONE: Final = frozenset(map(id, (datetime.datetime, datetime.time)))


def _method(cls: Any, name: str) -> Any:
    """The function behind an operator, found in the class and those that it extends."""
    return found_in(cls, name)[1]


_object_eq: Final = object.__dict__["__eq__"]


def truth(value: Any) -> bool:
    """`bool(value)`."""
    value = plain(value)
    if id(type(value)) in SCALARS:
        return bool(value)
    base = base_of(value)
    if base is not None:
        return bool(base.__len__(value))
    if value is REDACTED:
        raise Unreadable("a redacted value is not looked at")
    cls = type(value)
    if id(cls) in MOMENTS or cls is decimal.Decimal:
        return bool(value)
    if cls is range or cls is bytearray:
        return len(value) > 0
    if _method(cls, "__bool__") is MISSING and _method(cls, "__len__") is MISSING:
        return True
    raise Unreadable(f"the truth of {name_of(value)} would run its code")


def is_moment(value: Any) -> bool:
    """Whether a value is of `datetime`'s own types, with no zone of another's making."""
    cls = type(value)
    return id(cls) in MOMENTS and (id(cls) not in _WITH_ZONE or id(type(value.tzinfo)) in _ZONES)


def equal(left: Any, right: Any, count: Iterator[Any]) -> bool:
    """`left == right`; each pair that is looked at takes one of `count`."""
    left, right = plain(left), plain(right)
    first, second = id(type(left)), id(type(right))
    if first in SCALARS and second in SCALARS:
        if first == second and first in TEXTS:
            return len(left) == len(right) and left == _bounded_text(right)
        return first == second if first in TEXTS and second in TEXTS else bool(left == right)
    next(count)
    if REDACTED is left or REDACTED is right:
        raise Unreadable("a redacted value is not compared")
    base = base_of(left)
    if base is not None and base is base_of(right):
        return _equal_items(base, left, right, count)
    if is_moment(left) and is_moment(right):
        return bool(left == right)
    if type(left) is decimal.Decimal or type(right) is decimal.Decimal:
        return _decimals(left, right) == 0
    if left is right and _method(type(left), "__eq__") is _object_eq:
        return True
    if _is_by_identity(left) and _is_by_identity(right):
        return left is right
    strange = left if not _is_by_identity(left) else right
    raise Unreadable(f"comparing {name_of(strange)} would run its code")


def _is_by_identity(value: Any) -> bool:
    """Whether a value equals no other one: its class has the comparison of `object`, or is built in."""
    cls = type(value)
    return id(cls) in SCALARS or id(cls) in EXACT_BASES or _method(cls, "__eq__") is _object_eq


def _equal_items(base: Any, left: Any, right: Any, count: Iterator[Any]) -> bool:
    if base.__len__(left) != base.__len__(right):
        return False
    if base is dict:
        for key, value in pairs_of(left):
            next(count)
            other = value_under(right, key)
            if other is MISSING or not equal(value, other, count):
                return False
        return True
    ours, others = items_of(left), items_of(right)
    if base is set or base is frozenset:
        return all(contains(others, one, count) for one in ours)
    return all(equal(one, other, count) for one, other in zip(ours, others, strict=True))


def _bounded_text(value: Any) -> Any:
    if len(value) > TEXT_LIMIT:
        raise Unreadable(f"a text of more than {TEXT_LIMIT} characters is not compared")
    return value


_CONTEXT: Final = decimal.Context(prec=50, traps=[], Emax=999_999, Emin=-999_999)
"""Of probes alone: the flags and traps of the service's own are not touched."""

_MOST_DIGITS: Final = 200


def _decimal(value: Any) -> decimal.Decimal:
    if type(value) is decimal.Decimal:
        return value
    if id(type(value)) not in NUMBERS or (type(value) is int and value.bit_length() > 3 * _MOST_DIGITS):
        raise Unreadable(f"a Decimal is not compared with {name_of(value)}")
    return decimal.Decimal.from_float(value) if type(value) is float else decimal.Decimal(value)


def _decimals(left: Any, right: Any) -> int:
    """-1, 0 or 1; -2 for what cannot be ordered."""
    if not _is_numeric(left) or not _is_numeric(right):
        return -2
    found = _decimal(left).compare(_decimal(right), _CONTEXT)
    return -2 if found.is_nan() else int(found)


def _is_numeric(value: Any) -> bool:
    return type(value) is decimal.Decimal or id(type(value)) in NUMBERS


def decimal_result(operation: str, left: Any, right: Any) -> decimal.Decimal:
    """`left + right` and the like, where one is a `Decimal`."""
    work = getattr(_CONTEXT, {"+": "add", "-": "subtract", "*": "multiply", "/": "divide"}.get(operation, ""), None)
    if work is None or type(left) is float or type(right) is float or not (_is_numeric(left) and _is_numeric(right)):
        raise Unreadable(f"{name_of(left)} {operation} {name_of(right)} is not done")
    found: decimal.Decimal = work(_decimal(left), _decimal(right))
    return found


def order(left: Any, right: Any, count: Iterator[Any]) -> int | None:
    """-1, 0 or 1 as `left` is less than, equal to or greater than `right`; `None` where neither (NaN)."""
    left, right = plain(left), plain(right)
    if id(type(left)) in NUMBERS and id(type(right)) in NUMBERS:
        return -1 if left < right else 1 if left > right else 0 if left == right else None
    if type(left) is type(right) and id(type(left)) in TEXTS:
        _bounded_text(left if len(left) < len(right) else right)
        return -1 if left < right else int(left > right)
    next(count)
    if is_moment(left) and is_moment(right):
        try:
            return -1 if left < right else int(left > right)
        except TypeError as error:
            raise Unreadable(str(error)) from None
    if type(left) is decimal.Decimal or type(right) is decimal.Decimal:
        found = _decimals(left, right)
        if found != -2:
            return found
        if _is_numeric(left) and _is_numeric(right):
            return None
    base = base_of(left)
    if base is base_of(right) and (base is list or base is tuple):
        ours, others = items_of(left), items_of(right)
        for one, other in zip(ours, others, strict=False):
            if not equal(one, other, count):
                return order(one, other, count)
        return (len(ours) > len(others)) - (len(ours) < len(others))
    raise Unreadable(f"{name_of(left)} and {name_of(right)} have no order that can be known without running code")


def contains(container: Any, item: Any, count: Iterator[Any]) -> bool:
    """`item in container`."""
    container = plain(container)
    cls = type(container)
    if id(cls) in TEXTS:
        item = plain(item)
        if type(item) is not cls:
            raise Unreadable(f"{name_of(item)} in {name_of(container)} is not looked for")
        _bounded_text(container)
        return item in container
    base = base_of(container)
    if base is dict:
        return value_under(container, item) is not MISSING
    item = plain(item)
    return any(
        one is item or equal(one, item, count) for one in islice(_counted(items_of(container), count), ITEM_LIMIT)
    )


def _counted(items: list[Any], count: Iterator[Any]) -> Iterator[Any]:
    for one in items:
        next(count)
        yield one
