"""Modules that git ignores: base has them from the working tree, so that no replay shows what a change of them does.

What they were is known from the recording alone, which keeps the text of the included modules.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from .files import content
from .packages import Home
from .versions import Versions

LENT = (
    "git ignores its module, so base ran the text of the working tree too, which is not what was recorded: "
    "record again, or name a folder that holds the old text with --runtime-base DIR"
)


def ignored_changes(recorded: Mapping[str, str], known: Collection[str], root: Path, homes: Iterable[Home]) -> Versions:
    """The recorded and the present text of the included modules that git does not know and whose text is another.

    `recorded` maps modules to their text, `known` are the modules that git knows now or knew at base.
    """
    old: dict[str, str] = {}
    new: dict[str, str] = {}
    folders = list(homes)
    for module, text in recorded.items():
        file = None if module in known or not text else _file_of(module, root, folders)
        now = _decoded(content(file)) if file is not None else None
        if now is not None and now != text:
            old[module], new[module] = text, now
    return Versions(old, new)


def describe_ignored(changes: Versions) -> str:
    """Which modules these are, in a line; empty where none changed in its meaning."""
    names = sorted(name for name, one in changes.changes.items() if one.functions or one.removed or one.statements)
    if not names:
        return ""
    return f"not what was recorded, and the same for base, because git ignores it: {', '.join(names)}"


def _file_of(module: str, root: Path, homes: Iterable[Home]) -> Path | None:
    path = module.replace(".", os.sep)
    places = (root / f"{home}{path}{end}" for home in homes for end in (f"{os.sep}__init__.py", ".py"))
    return next((place for place in places if place.is_file()), None)


def _decoded(data: bytes | None) -> str | None:
    if data is None:
        return None
    try:
        return importlib.util.decode_source(data)
    except (SyntaxError, UnicodeDecodeError):
        return data.decode("utf-8", "replace")
