"""Words for people: counts with their nouns, and texts that a terminal takes for nothing else."""

from __future__ import annotations

from ..recorders.model.printable import in_line, printable

__all__ = ["in_line", "many", "printable"]


def many(count: int, noun: str) -> str:
    """A count with its noun, in the plural where it is one."""
    if count == 1:
        return f"1 {noun}"
    return f"{count} {noun}{'es' if noun.endswith('s') else 's'}"
