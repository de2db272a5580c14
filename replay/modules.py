"""This file is about modules: which file of a project holds which included module, symbolic links followed.

Python finds a package before a module of the same name, and the replay puts `src` before the root. A package may be
a link to another folder; then its modules are what lies there.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from .files import BlobId

_CHAIN = 8
"""Links behind each other; a loop of them leads nowhere."""

SIZE_LIMIT = 200_000
"""Paths beyond which no more links are followed: a link to a folder that it lies in leads to ever more."""


class Files(NamedTuple):
    """The files of a project under every path that leads to them."""

    blobs: dict[str, BlobId]
    places: dict[str, str]
    """Path → where the file lies."""


def may_lead_to_modules(path: str, include: Iterable[str]) -> bool:
    """Whether a link of that path could lead to a module of an included package."""
    places = [f"{home}{package.replace('.', '/')}" for package in include for home in ("", "src/")]
    return any(
        path == place or place.startswith(f"{path}/") or path.startswith(f"{place}/") or path == f"{place}.py"
        for place in places
    )


def followed(tree: Mapping[str, BlobId], links: Mapping[str, str]) -> Files:
    """A tree with what its links lead to; `links` maps paths to targets, as they are written in the links."""
    places = {path: path for path in tree}
    ends = {link: posixpath.normpath(posixpath.join(posixpath.dirname(link), links[link])) for link in links}
    for _round in range(_CHAIN if links else 0):
        more = {
            link + path.removeprefix(end): place
            for link, end in ends.items()
            for path, place in places.items()
            if path == end or path.startswith(f"{end}/")
        }
        if more.items() <= places.items() or len(places) > SIZE_LIMIT:
            break
        places.update(more)
    return Files({path: tree[place] for path, place in places.items()}, places)


def module_of(path: str, include: Iterable[str]) -> str:
    """The name of the module in a file of the project; empty where it is none of an included package."""
    if not path.endswith(".py"):
        return ""
    for home in ("", "src/"):
        if path.startswith(home):
            name = path.removeprefix(home).removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            if any(name == package or name.startswith(f"{package}.") for package in include):
                return name
    return ""


def module_files(paths: Iterable[str], include: Sequence[str]) -> dict[str, str]:
    """Included module → the path of its file: of several that have one name, the one that Python imports."""
    return {module: path for path in sorted(paths, key=_rank) if (module := module_of(path, include))}


def _rank(path: str) -> tuple[bool, bool, str]:
    return path.startswith("src/"), path.endswith("/__init__.py"), path
