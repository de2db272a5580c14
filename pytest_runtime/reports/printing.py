"""This file is about printing: words for people, and texts of a baseline, which may be hostile, on a terminal."""

from __future__ import annotations


def printable(text: str) -> str:
    """A text without control characters but line ends: names in a baseline may hold terminal escapes."""
    return "".join(char if char == "\n" or char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def many(count: int, noun: str) -> str:
    """A count with its noun, in the plural where it is one."""
    if count == 1:
        return f"1 {noun}"
    return f"{count} {noun}{'es' if noun.endswith('s') else 's'}"
