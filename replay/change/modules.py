"""Modules: which file of a project holds which included module, symbolic links followed.

Python finds a package before a module of the same name, and looks into the homes of packages in their order. A package
may be a link to another folder; then its modules are what lies there.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from .files import BlobId
from .packages import Home

_CHAIN = 8
"""Links behind each other; a loop of them leads nowhere."""

SIZE_LIMIT = 200_000
"""Paths beyond which no more links are followed: a link to a folder that it lies in leads to ever more."""


class Files(NamedTuple):
    """The files of a project under every path that leads to them."""

    blobs: dict[str, BlobId]
    places: dict[str, str]
    """Path → where the file lies."""
    homes: tuple[Home, ...]
    """The folders that included packages are found in."""


def may_lead_to_modules(path: str, include: Iterable[str], homes: Iterable[Home]) -> bool:
    """Whether a link of that path could lead to a module of an included package."""
    places = [f"{home}{package.replace('.', '/')}" for package in include for home in homes]
    return any(
        path == place or place.startswith(f"{path}/") or path.startswith(f"{place}/") or path == f"{place}.py"
        for place in places
    )


def followed(tree: Mapping[str, BlobId], links: Mapping[str, str], homes: tuple[Home, ...]) -> Files:
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
    return Files({path: tree[place] for path, place in places.items()}, places, homes)


def module_of(path: str, include: Iterable[str], homes: Iterable[Home]) -> str:
    """The name of the module in a file of the project; empty where it is none of an included package.

    `homes` are the folders that packages are found in.
    """
    return next((name for home in homes if (name := _module_at(path, home, include))), "")


def _module_at(path: str, home: Home, include: Iterable[str]) -> str:
    if not (path.endswith(".py") and path.startswith(home)):
        return ""
    name = path.removeprefix(home).removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    return name if any(name == package or name.startswith(f"{package}.") for package in include) else ""


def module_files(paths: Iterable[str], include: Sequence[str], homes: Sequence[Home]) -> dict[str, str]:
    """Included module → the path of its file: of several that have one name, the one that Python imports.

    That is the one in the first of `homes`, and there a package before a module.
    """
    ordered = sorted(paths, key=lambda path: (path.endswith("/__init__.py"), path))
    return {module: path for home in reversed(homes) for path in ordered if (module := _module_at(path, home, include))}
