"""Arithmetic, calls and subscripts of expressions: over plain values, each bounded before it is done."""

from __future__ import annotations

import datetime
import decimal
import operator
from collections.abc import Callable, Mapping
from typing import Any, Final

from ..capture.raw import inherits, is_instance
from .attributes import attribute_of
from .comparing import contains, decimal_result, is_moment, order, truth
from .plain import (
    ITEM_LIMIT,
    MISSING,
    NUMBERS,
    REDACTED,
    TEXT_LIMIT,
    TEXTS,
    Redacted,
    Unreadable,
    base_of,
    items_of,
    length_of,
    name_of,
    pairs_of,
    plain,
    value_under,
)
from .view import View

BITS: Final = 4_096
"""Bits of the largest number that is made."""

MADE: Final = 10_000
"""Characters of the longest text that is made."""

OPERATIONS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
    "<<": operator.lshift,
    ">>": operator.rshift,
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
}


def calculate(sign: str, left: Any, right: Any) -> Any:
    """`left SIGN right`, where the result is known to be small."""
    left, right = plain(left), plain(right)
    if id(type(left)) in NUMBERS and id(type(right)) in NUMBERS:
        if sign not in ("+", "-") or type(left) is not float or type(right) is not float:
            _check_size(sign, left, right)
        try:
            return OPERATIONS[sign](left, right)
        except (ArithmeticError, TypeError, ValueError) as error:
            raise Unreadable(f"{name_of(left)} {sign} {name_of(right)}: {type(error).__name__}") from None
    if sign == "%" and id(type(left)) in TEXTS:
        raise Unreadable("a text is not formatted with %: write braces into the text of a log")
    if sign == "+" and type(left) is type(right) and id(type(left)) in TEXTS:
        return _short(len(left) + len(right), lambda: left + right)
    if sign == "*" and {id(type(left)), id(type(right))} & TEXTS:
        text, times = (left, right) if id(type(left)) in TEXTS else (right, left)
        if type(times) is int:
            return _short(len(text) * max(times, 0), lambda: text * times)
    if type(left) is decimal.Decimal or type(right) is decimal.Decimal:
        return decimal_result(sign, left, right)
    if sign in ("+", "-") and is_moment(left) and is_moment(right):
        try:
            return OPERATIONS[sign](left, right)
        except (ArithmeticError, TypeError) as error:
            raise Unreadable(f"{name_of(left)} {sign} {name_of(right)}: {type(error).__name__}") from None
    raise Unreadable(f"{name_of(left)} {sign} {name_of(right)} would run code, or make something of unknown size")


def _short(length: int, make: Callable[[], Any]) -> Any:
    if length > MADE:
        raise Unreadable(f"it would make a text of more than {MADE} characters")
    return make()


def _check_size(sign: str, left: Any, right: Any) -> None:
    """Refuse what would make a number of more than `BITS` bits; the numbers that are there may be larger."""
    first = left.bit_length() if type(left) is int else 1
    second = right.bit_length() if type(right) is int else 1
    if sign == "**":
        bits = first * min(abs(right), BITS + 1) if type(left) is int and type(right) is int else 0
    elif sign == "<<":
        bits = first + min(abs(right), BITS + 1) if type(right) is int else 0
    else:
        bits = first + second if sign == "*" else max(first, second)
    if bits > BITS:
        raise Unreadable(f"{sign} would take or make a number of more than {BITS} bits")


def negated(value: Any) -> Any:
    """`-value`."""
    value = plain(value)
    if id(type(value)) in NUMBERS:
        return -value
    if type(value) is decimal.Decimal:
        return value.copy_negate()
    raise Unreadable(f"-{name_of(value)} would run code")


def subscript(value: Any, key: Any) -> Any:
    """`value[key]`."""
    value, key = plain(value), plain(key)
    base = base_of(value)
    if base is dict:
        found = value_under(value, key)
        if found is MISSING:
            raise Unreadable("there is no such key")
        return found
    cls = type(value) if id(type(value)) in TEXTS else base
    if cls is None or not (cls is list or cls is tuple or id(cls) in TEXTS):
        raise Unreadable(f"a part of {name_of(value)} would run its code")
    if type(key) is slice:
        length = len(range(*key.indices(cls.__len__(value))))
        if length > (ITEM_LIMIT if base is not None else MADE):
            raise Unreadable(f"a part of {length} items is too large")
    elif type(key) is not int and type(key) is not bool:
        raise Unreadable(f"{name_of(value)} has no part {name_of(key)}")
    try:
        return cls.__getitem__(value, key)
    except IndexError:
        raise Unreadable("there is no such item") from None


# --- functions ------------------------------------------------------------------------------------------------------


def _isinstance(view: View, value: Any, classes: Any) -> bool:
    wanted = tuple.__getitem__(classes, slice(0, 100)) if is_instance(classes, tuple) else (classes,)
    for cls in wanted:
        if not is_instance(cls, type):
            raise Unreadable("isinstance() takes classes")
        if inherits(type(value), cls):
            return True
    return False


def _extreme(sign: int) -> Callable[..., Any]:
    def extreme(view: View, *values: Any) -> Any:
        items = items_of(values[0]) if len(values) == 1 else list(values)
        if not items:
            raise Unreadable("there is nothing to take the least or greatest of")
        best = items[0]
        for one in items[1:]:
            next(view)
            if order(one, best, view) == sign:
                best = one
        return plain(best)

    return extreme


def _sum(view: View, values: Any) -> Any:
    total: Any = 0
    for one in items_of(values):
        next(view)
        total = calculate("+", total, one)
    return total


def _any(view: View, values: Any) -> bool:
    for one in values if type(values) is Steps else items_of(values):
        next(view)
        if truth(one):
            return True
    return False


def _all(view: View, values: Any) -> bool:
    for one in values if type(values) is Steps else items_of(values):
        next(view)
        if not truth(one):
            return False
    return True


class Steps:
    """The items of a generator expression, one at a time."""

    __slots__ = ("items",)

    def __init__(self, items: Any) -> None:
        self.items = items

    def __iter__(self) -> Any:
        return self.items


def _abs(view: View, value: Any) -> Any:
    value = plain(value)
    if id(type(value)) in NUMBERS:
        return abs(value)
    if type(value) is decimal.Decimal:
        return value.copy_abs()
    raise Unreadable(f"abs() of {name_of(value)} would run code")


def _round(view: View, value: Any, digits: Any = None) -> Any:
    value = plain(value)
    if type(value) is not float or not (digits is None or (type(digits) is int and abs(digits) < 100)):
        raise Unreadable(f"round() of {name_of(value)} is not done")
    try:
        return round(value, digits)
    except (ValueError, OverflowError):
        raise Unreadable("round() of what is no finite number") from None


def _number(kind: Any) -> Callable[..., Any]:
    def convert(view: View, value: Any = 0) -> Any:
        value = plain(value)
        if type(value) is decimal.Decimal and kind is float:
            return float(value)
        if not (id(type(value)) in NUMBERS or (type(value) is str and len(value) <= 100)):
            raise Unreadable(f"{kind.__name__}() of {name_of(value)} would run code, or take long")
        try:
            return kind(value)
        except (ValueError, OverflowError):
            raise Unreadable(f"this {name_of(value)} is no {kind.__name__}") from None

    return convert


def _str(view: View, value: Any) -> str:
    value = plain(value)
    if type(value) is str:
        return value
    if value is None or (id(type(value)) in NUMBERS and (type(value) is not int or value.bit_length() <= BITS)):
        return str(value)
    raise Unreadable(f"str() of {name_of(value)} would run code: name it in the text of a log")


def _range(view: View, *bounds: Any) -> range:
    if not all(type(one) is int for one in bounds) or not 1 <= len(bounds) <= 3 or (len(bounds) == 3 and not bounds[2]):
        raise Unreadable("range() takes one to three integers")
    return range(*bounds)


def _sorted(view: View, values: Any) -> list[Any]:
    items: list[Any] = []
    for one in items_of(values):
        at = len(items)
        while at and order(one, items[at - 1], view) == -1:
            next(view)
            at -= 1
        items.insert(at, one)
    return items


FUNCTIONS: Final[Mapping[str, tuple[Callable[..., Any], int, int]]] = {
    "len": (lambda view, value: length_of(value), 1, 1),
    "isinstance": (_isinstance, 2, 2),
    "type": (lambda view, value: type(value), 1, 1),
    "id": (lambda view, value: id(value), 1, 1),
    "bool": (lambda view, value=False: truth(value), 0, 1),
    "abs": (_abs, 1, 1),
    "round": (_round, 1, 2),
    "int": (_number(int), 0, 1),
    "float": (_number(float), 0, 1),
    "str": (_str, 1, 1),
    "min": (_extreme(-1), 1, 20),
    "max": (_extreme(1), 1, 20),
    "sum": (_sum, 1, 1),
    "any": (_any, 1, 1),
    "all": (_all, 1, 1),
    "list": (lambda view, value: items_of(value), 1, 1),
    "tuple": (lambda view, value: tuple(items_of(value)), 1, 1),
    "range": (_range, 1, 3),
    "sorted": (_sorted, 1, 1),
}
"""Name → function of (view, arguments), least and most arguments."""

TAKE_STEPS: Final = frozenset({"any", "all"})

TYPES: Final[Mapping[str, type]] = {
    cls.__name__: cls
    for cls in (
        *(int, float, bool, complex, str, bytes, bytearray, list, tuple, dict, set, frozenset, object, type),
        *(Exception, BaseException, ValueError, KeyError, TypeError, OSError, RuntimeError, AttributeError),
    )
}
"""Built-in classes that a condition may name."""


# --- methods --------------------------------------------------------------------------------------------------------


def _text_method(name: str) -> Callable[..., Any]:
    def call(view: View, value: Any, *given: Any) -> Any:
        cls = type(value)
        arguments = [plain(one) for one in given]
        flat = [part for one in arguments for part in (one if type(one) is tuple else (one,))]
        if not all(type(part) is cls or type(part) is int or part is None for part in flat):
            raise Unreadable(f"{name}() of {name_of(value)} is not given that")
        most = MADE if name == "split" else TEXT_LIMIT
        if len(value) > most and name not in _QUICK:
            raise Unreadable(f"{name}() of a text of more than {most} characters takes too long")
        try:
            return getattr(cls, name)(value, *arguments)
        except (TypeError, ValueError) as error:
            raise Unreadable(f"{name}(): {type(error).__name__}") from None

    return call


_QUICK: Final = frozenset({"startswith", "endswith"})


def _get(view: View, value: Any, key: Any, default: Any = None) -> Any:
    found = value_under(value, key)
    return default if found is MISSING else found


def _keys(view: View, value: Any) -> list[Any]:
    return [key for key, _value in pairs_of(value)]


def _count(view: View, value: Any, item: Any) -> int:
    return sum(1 for one in items_of(value) if contains((one,), item, view))


def _seconds(view: View, value: Any) -> float:
    return value.total_seconds() if type(value) is datetime.timedelta else _not_here("total_seconds", value)


def _not_here(name: str, value: Any) -> Any:
    raise Unreadable(f"{name}() of {name_of(value)} would run its code")


_TEXT_METHODS: Final = (
    *("startswith", "endswith", "lower", "upper", "strip", "lstrip", "rstrip", "split", "find", "count", "isdigit"),
    *("isalpha", "isalnum", "isspace", "islower", "isupper", "casefold", "removeprefix", "removesuffix", "partition"),
)
_MAPPING_METHODS: Final[Mapping[str, Callable[..., Any]]] = {"get": _get, "keys": _keys}

METHODS: Final = frozenset({*_TEXT_METHODS, *_MAPPING_METHODS, "values", "items", "total_seconds", "date", "weekday"})
"""Names that may be called on a value."""


def call_method(view: View, name: str, value: Any, given: list[Any], sensitive: Callable[[str], bool]) -> Any:
    """`value.name(*given)`, where it is a method of a built-in type that is known to be harmless."""
    value = plain(value)
    cls = type(value)
    base = base_of(value)
    try:
        if id(cls) in TEXTS and name in _TEXT_METHODS:
            return _text_method(name)(view, value, *given)
        if base is dict and name in ("values", "items"):
            return _visible(pairs_of(value), name, given, sensitive)
        if base is dict and name in _MAPPING_METHODS:
            return _MAPPING_METHODS[name](view, value, *given)
        if name == "count" and (base is list or base is tuple):
            return _count(view, value, *given)
        if name == "total_seconds":
            return _seconds(view, value, *given)
        if name in ("date", "weekday") and is_moment(value) and hasattr(cls, name) and not given:
            return getattr(cls, name)(value)
    except TypeError:
        raise Unreadable(f"{name}() is not called like that") from None
    return _not_here(name, value)


def _visible(pairs: list[tuple[Any, Any]], name: str, given: list[Any], sensitive: Callable[[str], bool]) -> list[Any]:
    """Values, or pairs, of a dict; what lies under a sensitive key stays unseen."""
    if given:
        raise Unreadable(f"{name}() takes no arguments")
    seen = [(key, REDACTED if type(key) is str and sensitive(key) else value) for key, value in pairs]
    return [value for _key, value in seen] if name == "values" else list(seen)


def attribute(value: Any, name: str) -> Any:
    """`value.name`, as it is stored."""
    if type(value) is Redacted:
        raise Unreadable("a redacted value is not looked into")
    found = attribute_of(value, name)
    if found is MISSING:
        raise Unreadable(f"{name_of(value)} has no {name}")
    return found
