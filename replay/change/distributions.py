"""Distributions: which installed ones hold the modules that were imported, and in which versions."""

from __future__ import annotations

import importlib.metadata
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import Distribution

OWN = "pytest-runtime"


def imported_distributions(covers: Callable[[str], bool]) -> dict[str, str]:
    """Name → version of the installed distributions whose modules are loaded; those of `covers` are left out."""
    tops = {name.partition(".")[0] for name in list(sys.modules)}
    tops -= {top for top in tops if top in sys.stdlib_module_names or covers(top)}
    found = [one for one in importlib.metadata.distributions() if not tops.isdisjoint(_held(one))]
    return {name: one.version for one in found if (name := one.name) != OWN}


def other_distributions(known: Mapping[str, str]) -> list[str]:
    """Top-level modules of the distributions that are not installed in the version given, or not at all."""
    other = [name for name, version in known.items() if _version(name) != version]
    return sorted({top for name in other for top in _modules_of(name)})


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _modules_of(name: str) -> Iterable[str]:
    try:
        held = _held(importlib.metadata.distribution(name))
    except importlib.metadata.PackageNotFoundError:
        held = frozenset()
    return held or [re.sub(r"[-.]", "_", name).lower()]


def _held(distribution: Distribution) -> frozenset[str]:
    """Top-level modules.

    As `importlib.metadata.packages_distributions` finds them, which takes a tenth of a second and more: it asks the
    disk for every installed file.
    """
    names = (distribution.read_text("top_level.txt") or "").split()
    record = distribution.read_text("RECORD")
    if names or record is None:
        return frozenset(names)
    return frozenset(filter(None, map(_top, record.splitlines())))


def _top(row: str) -> str:
    """The module that a row of a RECORD file belongs to, or empty."""
    path = row.strip('"').partition(",")[0]
    first, separator, _rest = path.partition("/")
    name = first if separator else first.partition(".")[0]
    suffixes = (".py", ".pyc", ".so", ".pyd", ".pyi")
    return name if name.isidentifier() and (separator or path.endswith(suffixes)) else ""
