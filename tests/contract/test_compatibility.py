"""docs/compatibility.md says what the contract holds, and of which versions."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

from .rows import ROWS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "compatibility.md").read_text(encoding="utf-8")
TABLE = dict(re.findall(r"^\| `([\w-]+)` \| ([^|]+) \|", PAGE, re.MULTILINE))
"""Library → versions tried."""


def test_the_table_names_the_libraries_of_the_contract() -> None:
    """Each library that a row needs, and no other."""
    needed = {package for row in ROWS for package in row.packages} | {row.name for row in ROWS if not row.packages}
    assert set(TABLE) == needed


@pytest.mark.parametrize("library", [name for name, tried in TABLE.items() if tried[0].isdigit()])
def test_the_installed_version_was_tried(library: str) -> None:
    """The series that the contract runs with is one of the table."""
    try:
        installed = version(library)
    except PackageNotFoundError:
        pytest.skip(f"{library} is not installed: the extra `test` has it")
    series = ".".join(installed.split(".")[:2])
    assert series in re.split(r",\s*", TABLE[library].strip())
