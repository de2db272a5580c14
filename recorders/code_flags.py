"""Flags of code objects, and the code objects inside of them.

The flags are those of `inspect` (Python's documentation, "Code objects bit flags"), which loads `ast`, `dis` and
`tokenize` beside them.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import CodeType
from typing import Final

CO_OPTIMIZED: Final = 0x1
CO_NEWLOCALS: Final = 0x2
CO_VARARGS: Final = 0x4
CO_VARKEYWORDS: Final = 0x8
CO_GENERATOR: Final = 0x20
CO_COROUTINE: Final = 0x80
CO_ASYNC_GENERATOR: Final = 0x200


def nested_codes(code: CodeType) -> Iterator[CodeType]:
    """All code objects of functions below a module's code, bodies of modules and classes left out."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            if constant.co_flags & CO_OPTIMIZED:  # a function, not a class body
                yield constant
            yield from nested_codes(constant)
