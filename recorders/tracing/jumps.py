"""The conditional jumps in the code of a function, and where in the source each decides."""

from __future__ import annotations

import dis
from collections.abc import Iterator
from types import CodeType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ..model.branches import Span


class Jump(NamedTuple):
    """A conditional jump of a code object."""

    opname: str
    spans: tuple[Span, ...]
    """Where in the source the decision stands: of what gave the tested value, of its conversion, then of the jump.

    CPython 3.11 gives jumps the position of a whole statement; the tested value has its own, but in 3.13 it may be
    loaded by the instruction that stored it.
    """
    target: int
    """Offset when it jumps."""
    following: int
    """Offset when it does not."""


_CONDITIONAL = ("IF_TRUE", "IF_FALSE", "IF_NONE", "IF_NOT_NONE")
_jumps: dict[int, tuple[CodeType, dict[int, Jump]]] = {}


def jumps(code: CodeType) -> dict[int, Jump]:
    """The conditional jumps of a code object by offset (the offsets of their argument prefixes lead there too)."""
    known = _jumps.get(id(code))
    if known is None:
        known = _jumps[id(code)] = (code, dict(_find_jumps(code)))
    return known[1]


_BETWEEN = frozenset({"COPY", "TO_BOOL", "CACHE", "NOT_TAKEN", "EXTENDED_ARG", "RESUME", "NOP"})


def _find_jumps(code: CodeType) -> Iterator[tuple[int, Jump]]:
    instructions = list(dis.get_instructions(code))
    prefixes: list[int] = []
    tested: Span | None = None
    converted: Span | None = None
    for index, instruction in enumerate(instructions):
        name = instruction.opname
        if name == "EXTENDED_ARG":
            prefixes.append(instruction.offset)
            continue
        own = _instruction_span(instruction)
        if name == "FOR_ITER" or name.endswith(_CONDITIONAL) or "_OR_POP" in name:
            following = instructions[index + 1].offset if index + 1 < len(instructions) else -1
            spans = (own,) if name == "FOR_ITER" else (tested, converted, own)
            jump = Jump(name, tuple(span for span in spans if span), int(instruction.argval), following)
            for offset in (*prefixes, instruction.offset):
                yield offset, jump
        prefixes = []
        if name == "TO_BOOL":
            converted = own
        elif name not in _BETWEEN:
            tested, converted = own, None


def _instruction_span(instruction: dis.Instruction) -> Span | None:
    where = instruction.positions
    if where is None or where.lineno is None or where.end_lineno is None:
        return None
    if where.col_offset is None or where.end_col_offset is None:
        return None
    return where.lineno, where.col_offset, where.end_lineno, where.end_col_offset
