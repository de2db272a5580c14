"""This file is about a coverage data file: which lines each replayed trace ran, for coverage.py's own reports.

`coverage report`, `html --show-contexts`, `xml` and `lcov` read it with `--data-file`; each trace is a context. It
holds lines and no branches, so `coverage combine` takes it together with line data only. It is written through
`coverage.CoverageData` (https://coverage.readthedocs.io/en/latest/api_coveragedata.html); coverage.py is loaded only
when it is asked for.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..recorders.errors import ConfigurationError

if TYPE_CHECKING:
    from coverage import CoverageData

CONTEXT = "runtime:"
"""What the contexts of traces begin with."""


def write_coverage(
    path: Path, lines: Mapping[str, Mapping[str, Collection[int]]], *, files: Collection[str] = ()
) -> None:
    """Write the lines that traces ran: trace id → absolute file → lines; `files` are those that count as well.

    A file of an earlier run is replaced, whole or not at all. Raises `ConfigurationError` when coverage.py is missing,
    and when another file stands there, such as the measurements of the project's own tests.
    """
    _check(path)
    scratch = path.with_name(f"{path.name}.{os.getpid()}")
    data = _open(scratch)
    try:
        data.add_lines({})  # so that it is a file of lines, also without any trace
        data.touch_files(sorted(files))
        for trace in sorted(lines):
            data.set_context(f"{CONTEXT}{trace}")
            data.add_lines({file: sorted(ran) for file, ran in sorted(lines[trace].items())})
        data.write()
        data.close(force=True)
        scratch.replace(path)
    finally:
        data.close(force=True)
        scratch.unlink(missing_ok=True)


def _open(path: Path) -> CoverageData:
    try:
        from coverage import CoverageData
    except ImportError as error:
        raise ConfigurationError(
            f"writing coverage data to {path} needs coverage.py: pip install 'pytest-runtime[coverage]'"
        ) from error
    return CoverageData(basename=str(path))


def _check(path: Path) -> None:
    """Raise unless there is no file, or one of ours."""
    if not path.exists():
        return
    data = _open(path)
    from coverage.exceptions import CoverageException

    try:
        data.read()
        contexts = data.measured_contexts()
    except CoverageException as error:
        raise ConfigurationError(f"{path} is no coverage data file: {error}. Name another file") from error
    finally:
        data.close(force=True)
    if not all(context.startswith(CONTEXT) for context in contexts):
        raise ConfigurationError(
            f"{path} holds other measurements, which would be lost. Name another file, and put them together with: "
            f"coverage combine --keep {path} OTHER"
        )
