"""The body of a test as it is written: its imports, its lines, and value trees as Python source.

Names come from a baseline, which may be hostile: nothing becomes part of a test but identifiers, and literals that
Python itself wrote.
"""

from __future__ import annotations

import keyword
import math
import re
from collections.abc import Iterable

from ...recorders.model.full_names import split_name
from ...recorders.model.value_tree import (
    BytesNode,
    DictNode,
    EnumNode,
    FrozenSetNode,
    GlobalNode,
    ListNode,
    ObjectNode,
    SetNode,
    StandardNode,
    Tree,
    TupleNode,
)

DIGITS_LIMIT = 4000
"""Digits of an integer: Python reads no literal of more than 4,300 (`sys.get_int_max_str_digits`)."""

_HEXADECIMAL = re.compile(r"-?0x[0-9a-f]{1,3000}")
"""An integer with no more than about 3,600 decimal digits."""


class NoTest(Exception):
    """There can be no plain test; the message says why."""


class Body:
    """A test while it is written."""

    def __init__(self) -> None:
        self._imports: dict[str, None] = {}
        self._lines: list[str] = []
        self._made = 0
        """Objects that were made, each in a variable of its own."""

    def text(self) -> str:
        """All of it."""
        plain = sorted(line for line in self._imports if line.startswith("import "))
        other = sorted(line for line in self._imports if not line.startswith("import "))
        return "\n".join([*plain, *other, "", *self._lines]).strip("\n")

    def add(self, *lines: str) -> None:
        """Write lines."""
        self._lines += lines

    def add_import(self, line: str) -> None:
        """Write an import, once."""
        self._imports[line] = None

    def import_from(self, module: str, name: str) -> None:
        """Import a name of a module; raises `NoTest`."""
        if module == "builtins":
            return
        if not all(map(_is_name, module.split("."))):
            raise NoTest("it lies in a module that no test can import")
        self.add_import(f"from {module} import {identifier(name)}")

    def class_of(self, name: str) -> str:
        """The name of a class, imported; raises `NoTest`."""
        module, qualname = split_name(name)
        self.import_from(module, qualname.split(".")[0])
        return dotted(qualname)

    def value(self, tree: Tree, *, is_expected: bool = False) -> str:
        """A value as source, objects in variables; raises `NoTest`. What `is_expected` is compared, not given: an
        object of the service is equal to itself alone."""
        match tree:
            case float() if not math.isfinite(tree):
                if is_expected and math.isnan(tree):
                    raise NoTest("it evaluates to a number that is equal to none, not even to itself")
                return f"float({str(tree)!r})"
            case int() if abs(tree) >= 10**DIGITS_LIMIT:
                raise NoTest("it needs a number of thousands of digits")
            case None | bool() | int() | float() | str():
                return repr(tree)
            case BytesNode(data=data):
                return repr(data)
            case StandardNode():
                return self._standard(tree, is_expected)
            case EnumNode(cls=cls, name=str() as name):
                return f"{self.class_of(cls)}.{identifier(name)}"
            case GlobalNode(name=name) if name.endswith(":"):
                raise NoTest(f"it needs the module {name[:-1]} as a value")
            case GlobalNode(name=name):
                return self.class_of(name)
            case ObjectNode():
                return self._object(tree, is_expected)
            case _:
                return self._container(tree, is_expected)

    def _container(self, tree: Tree, is_expected: bool) -> str:
        match tree:
            case ListNode(items=items):
                return f"[{self._joined(items, is_expected)}]"
            case TupleNode(items=items):
                return f"({self._joined(items, is_expected)}{',' if len(items) == 1 else ''})"
            case SetNode(items=items):
                return f"{{{self._joined(items, is_expected)}}}" if items else "set()"
            case FrozenSetNode(items=items):
                return f"frozenset([{self._joined(items, is_expected)}])"
            case DictNode(keys=keys, values=values):
                pairs = [
                    f"{self.value(key, is_expected=is_expected)}: {self.value(value, is_expected=is_expected)}"
                    for key, value in zip(keys, values, strict=True)
                ]
                return f"{{{', '.join(pairs)}}}"
            case _:
                raise NoTest("it needs an object that a test cannot write down")

    def _joined(self, items: Iterable[Tree], is_expected: bool) -> str:
        return ", ".join(self.value(item, is_expected=is_expected) for item in items)

    def _object(self, tree: ObjectNode, is_expected: bool) -> str:
        """Filled with its attributes, as they were recorded: no constructor is called."""
        if is_expected:
            raise NoTest(f"it evaluates to objects inside others, and when two {tree.cls} are equal is not known")
        if tree.content is not None:
            raise NoTest(f"it needs a {tree.cls.partition(':')[2]} that a test cannot write down")
        cls = self.class_of(tree.cls)
        self._made += 1
        variable = f"made_{self._made}"
        parts = [(identifier(name), self.value(value)) for name, value in zip(tree.names, tree.values, strict=True)]
        self.add(f"{variable} = object.__new__({cls})")
        self.add(*(f"object.__setattr__({variable}, {name!r}, {text})" for name, text in parts))
        return variable

    def _standard(self, tree: StandardNode, is_expected: bool) -> str:
        parts = [self.value(part, is_expected=is_expected) for part in tree.parts]
        match tree.kind:
            case "int":
                if not _HEXADECIMAL.fullmatch(str(tree.parts[0])):
                    raise NoTest("it needs a number that is none, or one of thousands of digits")
                return str(int(str(tree.parts[0]), 16))
            case "decimal":
                self.add_import("from decimal import Decimal")
                return f"Decimal({parts[0]})"
            case "fraction":
                self.add_import("from fractions import Fraction")
                return f"Fraction({', '.join(parts)})"
            case "datetime" if len(parts) == 9:
                self.add_import("import datetime")
                return f"datetime.datetime({', '.join(parts[:7])}, fold={parts[7]}, tzinfo={parts[8]})"
            case "date" | "timedelta":
                self.add_import("import datetime")
                return f"datetime.{tree.kind}({', '.join(parts)})"
            case "time" if len(parts) == 6:
                self.add_import("import datetime")
                return f"datetime.time({', '.join(parts[:4])}, fold={parts[4]}, tzinfo={parts[5]})"
            case "timezone":
                self.add_import("import datetime")
                return f"datetime.timezone({', '.join(parts)})"
            case "zoneinfo":
                self.add_import("from zoneinfo import ZoneInfo")
                return f"ZoneInfo({', '.join(parts)})"
            case "uuid":
                self.add_import("from uuid import UUID")
                return f"UUID({parts[0]})"
            case "bytearray" | "range" | "slice" | "complex":
                return f"{tree.kind}({', '.join(parts)})"
            case _:
                raise NoTest(f"it needs a {tree.kind} that a test cannot write down")


def identifier(text: str) -> str:
    """A name as it is; raises `NoTest` for what is none."""
    if not _is_name(text):
        raise NoTest("it has a name that is none in Python")
    return text


def dotted(name: str) -> str:
    """A dotted name as it is; raises `NoTest`."""
    return ".".join(map(identifier, name.split(".")))


def _is_name(text: str) -> bool:
    return text.isidentifier() and not keyword.iskeyword(text)
