"""Routes that nobody names: paths, and keys, without what looks like an identifier."""

from __future__ import annotations

import functools
import re

_IDENTIFIER = re.compile(r"\d+|[0-9a-fA-F]{8,}(?:-[0-9a-fA-F]{4,})*|[\w-]*\d[\w-]{7,}")


def is_identifier(part: str) -> bool:
    """Whether a part of a path, or of a key, looks like an identifier."""
    return _IDENTIFIER.fullmatch(part) is not None


@functools.lru_cache(maxsize=4096)
def route_guess(path: str) -> str:
    """A path with the parts that look like identifiers left out, where no framework names its route."""
    return "/".join("<id>" if is_identifier(part) else part for part in path.split("/"))
