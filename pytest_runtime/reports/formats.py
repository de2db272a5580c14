"""The forms that a report is written in, each known by the ending of its file's name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..recorders.errors import ConfigurationError
from ..replay.run.result import RunResult
from .json_report import write_report

ENDINGS = (".html", ".json", ".md", ".sarif")


def check_ending(path: Path) -> None:
    """Raise `ConfigurationError` where no form of report has such a name."""
    if path.suffix not in ENDINGS:
        shown = ", ".join(ENDINGS)
        raise ConfigurationError(f"{path.name!r} says no form of report: end its name with one of {shown}")


def write(path: Path, result: RunResult) -> None:
    """Write the report in the form that its name says; raises `OSError`, `ConfigurationError`."""
    check_ending(path)
    if path.suffix == ".json":
        write_report(path, result)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_renderer(path.suffix)(result))


def _renderer(ending: str) -> Callable[[RunResult], bytes]:
    """Each is loaded when it is asked for: templates and the rules of owners cost what plain runs need not pay."""
    if ending == ".html":
        from .html.render import html_of

        return lambda result: html_of(result).encode("utf-8", "replace")
    if ending == ".md":
        from .markdown import markdown_of

        return lambda result: markdown_of(result).encode("utf-8", "replace")
    from .sarif import sarif_bytes

    return sarif_bytes
