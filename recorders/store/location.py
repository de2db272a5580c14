"""Where a baseline lies, by its URL; known without opening it."""

from __future__ import annotations

from ..errors import StoreError


def file_of(url: str) -> str:
    """The file that a store URL names: a plain path, or `sqlite:///path`. Raises `StoreError` for any other."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        return url
    if scheme != "sqlite":
        raise StoreError(
            f"cannot open the store {url}: {scheme} is not supported; use a path or sqlite:///PATH", location=url
        )
    return rest.removeprefix("/") if rest.startswith("//") else rest
