"""Branches, their arms, and the names of paths.

A branch is known by (module, function, normalised condition, ordinal), never by line or offset, so that it stays the
same branch under unrelated edits.
"""

from __future__ import annotations

import hashlib
from typing import TypeAlias

import msgspec

Span: TypeAlias = tuple[int, int, int, int]
"""(line, column, end line, end column), columns in UTF-8 bytes."""

FunctionName: TypeAlias = str
"""`module:qualname`."""


class Branch(msgspec.Struct, frozen=True, array_like=True):
    """One decision in the source; `line` is where it stood when it was recorded, and no part of its identity."""

    function: FunctionName
    condition: str
    ordinal: int
    line: int

    @property
    def identity(self) -> tuple[FunctionName, str, int]:
        """What makes it the same branch in another version of the file."""
        return self.function, self.condition, self.ordinal


class Arm(msgspec.Struct, frozen=True, array_like=True):
    """One way out of a branch: `true`, `false`, `entered`, `ended`."""

    branch: Branch
    taken: str

    @property
    def identity(self) -> tuple[FunctionName, str, int, str]:
        """The branch's identity and the way taken."""
        return (*self.branch.identity, self.taken)

    def words(self) -> str:
        """The arm as a person would say it."""
        if self.taken in ("entered", "ended"):
            return f"{self.branch.condition}: {self.taken}"
        return f"{self.branch.condition} is {self.taken}"


def path_digest(arms: list[Arm], outcome: str) -> str:
    """The name of a path class: a digest of its set of arms, without lines or order, and its kind of outcome."""
    names = [outcome, *sorted("\0".join(map(str, arm.identity)) for arm in arms)]
    return hashlib.blake2b("\n".join(names).encode(), digest_size=8).hexdigest()


def function_of(names: str) -> str:
    """The qualified name of a function from the chain of scopes that `decisions` gives."""
    return names.removesuffix(".<locals>")
