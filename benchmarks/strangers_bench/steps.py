"""Results of finished steps, kept as JSON so that an interrupted run goes on where it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

T = TypeVar("T")


class Steps:
    """The steps of one package, each a file in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def known(self, name: str, kind: type[T]) -> T | None:
        """The result of a step that was finished; `None` where it was not, or is of an older form."""
        try:
            return msgspec.json.decode((self.folder / f"{name}.json").read_bytes(), type=kind)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def step(self, name: str, kind: type[T], make: Callable[[], T]) -> T:
        """The result of a step, made when it is not known."""
        known = self.known(name, kind)
        return known if known is not None else self.make(name, make)

    def make(self, name: str, make: Callable[[], T]) -> T:
        """Do a step and keep its result."""
        made = make()
        scratch = self.folder / f"{name}.part"
        scratch.write_bytes(msgspec.json.format(msgspec.json.encode(made)))
        scratch.rename(self.folder / f"{name}.json")
        return made
