"""Where the included packages lie below a project's root: the folders that Python finds them in.

The interpreter is asked first, so that any layout counts that it knows (pytest's `pythonpath`, an editable
installation, `PYTHONPATH`); then the usual folders; then the whole tree is searched. What lies in an environment or
outside of the root is no part of the working tree.
"""

from __future__ import annotations

import difflib
import importlib.machinery
import importlib.util
import os
import posixpath
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import TypeAlias

from ...recorders.errors import ConfigurationError
from .files import is_environment, skipped

Home: TypeAlias = str
"""A folder that packages are found in, relative to the root: empty, or with a slash at the end."""

USUAL: tuple[Home, ...] = ("src/", "")
"""Of a package that lies in both, the one in `src` is meant."""

SEARCHED = 200_000
"""Files of a tree beyond which no package is searched: a project that is larger says where its packages are."""


def homes_of(root: Path, include: Sequence[str]) -> tuple[Home, ...]:
    """The folders below a project's root that its included packages lie in, in order of `include`.

    Raises `ConfigurationError` for a package without a file below the root.
    """
    found: dict[Home, None] = {}
    files: list[str] | None = None
    for package in include:
        home = next(iter(_by_interpreter(root, package)), None)
        if home is None:
            home = next((home for home in USUAL if _is_there(root, home, package)), None)
        if home is None:
            files = _files_below(root) if files is None else files
            home = _searched(root, package, files)
        found[home] = None
    return tuple(found)


def homes_in(paths: Collection[str], include: Sequence[str], preferred: Sequence[Home]) -> tuple[Home, ...]:
    """The same for a tree that is known by its paths, such as another revision; `preferred` are looked at first.

    A package that is nowhere in the tree has no home.
    """
    found: dict[Home, None] = dict.fromkeys(preferred)
    for package in include:
        if not any(_holds(path, home, package) for home in (*preferred, *USUAL) for path in paths):
            found.update(dict.fromkeys(_nearest(_candidates(paths, package))))
        elif not any(_holds(path, home, package) for home in preferred for path in paths):
            found.update(dict.fromkeys(USUAL))
    return tuple(found)


def homes_below(folder: str, include: Sequence[str], preferred: Sequence[Home]) -> list[str]:
    """Whole paths of the folders that hold included packages in a copy of the project, for `sys.path`."""
    root = Path(folder)
    found: dict[str, None] = {}
    for package in include:
        home = next((home for home in (*preferred, *USUAL) if _is_there(root, home, package)), None)
        homes = [home] if home is not None else _nearest(_candidates(_files_below(root), package))
        found.update(dict.fromkeys(os.path.normpath(os.path.join(folder, one)) for one in homes))
    return list(found)


# --- the interpreter -------------------------------------------------------------------------------------------------


def _by_interpreter(root: Path, package: str) -> Iterable[Home]:
    real = os.path.realpath(root)
    for place in _places(package):
        below = os.path.realpath(place)
        if below.startswith(real + os.sep):
            path = os.path.relpath(below, real).replace(os.sep, "/")
            home = f"{posixpath.dirname(path)}/".lstrip("/")
            if not skipped(path + "/x") and not _in_environment(real, path) and _is_there(root, home, package):
                yield home


def _places(package: str) -> list[str]:
    """Folders and files that hold the top-level package, as the interpreter would import it; nothing is imported."""
    spec = _spec(package.partition(".")[0])
    if spec is None:
        return []
    return [*(spec.submodule_search_locations or ()), *([spec.origin] if _is_module_file(spec) else [])]


def _is_module_file(spec: importlib.machinery.ModuleSpec) -> bool:
    return spec.submodule_search_locations is None and bool(spec.has_location)


def _spec(name: str) -> importlib.machinery.ModuleSpec | None:
    try:
        return importlib.util.find_spec(name)
    except (ImportError, ValueError):  # a finder of an installation, or a module without a spec
        return None


def _in_environment(root: str, path: str) -> bool:
    parts = path.split("/")
    return any(is_environment(Path(root, *parts[:count])) for count in range(1, len(parts)))


# --- searching -------------------------------------------------------------------------------------------------------


def _files_below(root: Path) -> list[str]:
    """Paths of Python files below a folder, environments and caches left out."""
    found: list[str] = []
    for folder, names, files in os.walk(root):
        here = Path(folder)
        names[:] = [one for one in sorted(names) if not skipped(f"{one}/x") and not is_environment(here / one)]
        prefix = here.relative_to(root).as_posix()
        found += [posixpath.normpath(posixpath.join(prefix, name)) for name in files if name.endswith(".py")]
        if len(found) > SEARCHED:
            break
    return found


def _searched(root: Path, package: str, files: Sequence[str]) -> Home:
    found = _nearest(_candidates(files, package))
    if len(found) == 1:
        return found[0]
    if found:
        where = " and ".join(f"{home or '.'}{package.replace('.', '/')}" for home in found)
        raise ConfigurationError(
            f"include names the package {package!r}, which lies at {where} below {root}: put the folder of the one "
            "that is meant on the path (pytest's `pythonpath`, or an editable installation)"
        )
    elsewhere = next(iter(_places(package)), "")
    imported = f"; Python imports it from {elsewhere}, which is no part of the working tree" if elsewhere else ""
    near = difflib.get_close_matches(package, sorted(_packages(files)), n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ConfigurationError(
        f"include names the package {package!r}, and no file of it lies below {root}{imported}.{hint} "
        "Correct include under [tool.pytest-runtime] in pyproject.toml"
    )


def _candidates(paths: Iterable[str], package: str) -> set[Home]:
    """Folders that the package may be imported from."""
    place = package.replace(".", "/")
    found: set[Home] = set()
    for path in paths:
        for ending in (f"{place}.py", f"{place}/__init__.py"):
            if path == ending or path.endswith(f"/{ending}"):
                found.add(path.removesuffix(ending))
    if not found:  # a namespace package
        for path in paths:
            start = path if path.startswith(f"{place}/") else path[path.find(f"/{place}/") + 1 :]
            if start.startswith(f"{place}/") and path.endswith(".py"):
                found.add(path.removesuffix(start))
    inside = {f"{posixpath.dirname(path)}/" for path in paths if path.endswith("/__init__.py")}
    return {home for home in found if home not in inside} or found


def _nearest(homes: Collection[Home]) -> list[Home]:
    """Those that lie least deep."""
    depth = min((home.count("/") for home in homes), default=0)
    return sorted(home for home in homes if home.count("/") == depth)


def _packages(files: Iterable[str]) -> set[str]:
    """Names of packages and modules that may be meant."""
    tops = {path.rpartition("/")[0].rpartition("/")[2] for path in files if path.endswith("/__init__.py")}
    return tops | {path.removesuffix(".py") for path in files if "/" not in path}


def _is_there(root: Path, home: Home, package: str) -> bool:
    place = root / home / package.replace(".", "/")
    return place.with_suffix(".py").is_file() or (place.is_dir() and any(place.rglob("*.py")))


def _holds(path: str, home: Home, package: str) -> bool:
    place = f"{home}{package.replace('.', '/')}"
    return path == f"{place}.py" or path.startswith(f"{place}/")
