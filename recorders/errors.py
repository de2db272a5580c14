"""This file is about the errors that a person can act on.

RuntimeBaselineError
├── StoreError             a baseline cannot be opened, read or written
│   ├── UnknownBaseline    there is none of that name
│   ├── NotABaseline       the file is something else, or damaged beyond reading
│   └── NewerFormat        written by a newer version of this package
└── ConfigurationError     the project's configuration says something that cannot be
"""

from __future__ import annotations

from collections.abc import Sequence


class RuntimeBaselineError(Exception):
    """Base of all errors of this package; the message says what was being done and what to do next."""


class StoreError(RuntimeBaselineError):
    """A baseline cannot be opened, read or written."""

    def __init__(self, message: str, *, location: str) -> None:
        super().__init__(message)
        self.location = location


class UnknownBaseline(StoreError):
    """There is no baseline of that name."""

    def __init__(self, name: str, *, location: str, known: Sequence[str]) -> None:
        there_are = f"there are: {', '.join(known)}" if known else "there are none yet"
        super().__init__(
            f"no baseline {name!r}: nothing at {location}; {there_are}. "
            f"Record one with: pytest-runtime record --baseline {name} -- COMMAND",
            location=location,
        )
        self.name = name
        self.known = tuple(known)


class NotABaseline(StoreError):
    """The file is something else, or damaged beyond reading."""

    def __init__(self, location: str, reason: str) -> None:
        super().__init__(
            f"{location} is not a readable baseline: {reason}. Restore it from where it was recorded, or record anew",
            location=location,
        )
        self.reason = reason


class NewerFormat(StoreError):
    """The baseline was written by a newer version of this package."""

    def __init__(self, location: str, found: int, known: int) -> None:
        super().__init__(
            f"{location} has format {found}; this version reads up to {known}. Upgrade pytest-runtime",
            location=location,
        )
        self.found = found


class ConfigurationError(RuntimeBaselineError):
    """The project's configuration says something that cannot be."""
