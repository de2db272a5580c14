"""A coverage data file: which lines each replayed trace ran, for coverage.py's own reports.

`coverage report`, `html --show-contexts`, `xml` and `lcov` read it with `--data-file`; each trace is a context. It
holds lines and no branches, so `coverage combine` takes it together with line data only. What runs once, when a module
is imported, is a context of its own. It is written through `coverage.CoverageData`
(https://coverage.readthedocs.io/en/latest/api_coveragedata.html); coverage.py is loaded only when it is asked for.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..recorders.errors import ConfigurationError

if TYPE_CHECKING:
    from coverage import CoverageData

CONTEXT = "runtime:"
"""What the contexts of traces begin with."""

IMPORT = f"{CONTEXT}import"
"""The context of statements that ran when a module was imported."""


def write_coverage(
    path: Path, lines: Mapping[str, Mapping[str, Collection[int]]], *, files: Collection[str] = ()
) -> None:
    """Write the lines that traces ran: trace id → absolute file → lines; `files` are the imported modules.

    A file of an earlier run is replaced, whole or not at all. Raises `ConfigurationError` when coverage.py is missing,
    and when another file stands there, such as the measurements of the project's own tests.
    """
    check_coverage(path)
    scratch = path.with_name(f"{path.name}.{os.getpid()}")
    data = _open(scratch)
    try:
        data.add_lines({})  # so that it is a file of lines, also without any trace
        data.touch_files(sorted(files))
        data.set_context(IMPORT)
        data.add_lines({file: import_lines(Path(file)) for file in sorted(files)})
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


def import_lines(path: Path) -> list[int]:
    """The first lines of statements that must have run when a module was imported: those that nothing stands around.

    What lies inside an `if`, a `try` or a loop may have run or not, and is left out.
    """
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return []
    return sorted(_straight(tree))


def _straight(node: ast.Module | ast.ClassDef) -> Iterator[int]:
    for statement in node.body:
        yield statement.lineno
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield from (decorator.lineno for decorator in statement.decorator_list)
        if isinstance(statement, ast.ClassDef):
            yield from _straight(statement)


def check_coverage(path: Path) -> None:
    """Raise `ConfigurationError` unless coverage.py is there, and at the path no file, or one of ours."""
    if not path.exists():
        _open(path).close(force=True)
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
