"""The context of a cause: the file where it shows, whose that is, and the test that would have caught it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from .config import Project
from .recorders.errors import RuntimeBaselineError
from .recorders.model.full_names import module_part
from .replay.change.packages import homes_of
from .replay.export.pytest_source import Plain
from .replay.inspect.explained import the_trace
from .replay.inspect.failing_test import failing_test
from .replay.inspect.failure_cause import FailureCause
from .replay.judge.processes import latest_revision
from .replay.run.places import file_of
from .reports.owners import Owners
from .reports.postmortem import Circumstances
from .wiring import open_baseline


def circumstances_of(project: Project, baseline: str, cause: FailureCause) -> Circumstances:
    """What is known of the project around a cause; raises `StoreError`."""
    file = _file(project, cause.shows.function)
    test = _test(project, baseline, cause.traces[0])
    place = f"{file}:{cause.shows.line}" if file and cause.shows.line else file
    return Circumstances(baseline, place, Owners(project.root).of(file) if file else (), test.text, test.reason)


def _file(project: Project, function: str) -> str:
    """The file of a function below the project's root; empty where it has none there."""
    if not function:
        return ""
    root = project.root
    try:
        homes = homes_of(root, project.configuration.include)
    except RuntimeBaselineError:  # an included package is not here: the baseline may be another project's
        return ""
    found = file_of(str(root), module_part(function), homes)
    return "" if found == str(root) else Path(found).relative_to(root).as_posix()


def _test(project: Project, baseline: str, trace: str) -> Plain:
    with closing(open_baseline(project, baseline)) as reader:
        stored = the_trace(baseline, reader, trace)
        entry = reader.entries().get(stored.entry)
        if stored.trace is None or entry is None:
            return Plain("", "the trace cannot be read")
        return failing_test(entry, stored.trace, project.configuration.app, latest_revision(reader).sources)
