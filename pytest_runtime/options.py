"""The options of a pytest run: one frozen value, resolved once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from .config import Project, load_project
from .recorders.errors import ConfigurationError, RuntimeBaselineError
from .replay.run.options import ExploreOptions, RunOptions
from .replay.run.shards import Shard
from .reports.formats import check_ending
from .reports.printing import printable
from .wiring import check_include, other_base

EXAMPLES = 200
"""Inputs that are tried for each function: what half a minute allows for a few dozen changed functions."""

MOST_EXAMPLES = 100_000
"""More than a night's budget: a larger number is a mistake."""


MOST_SHARDS = 10_000
"""More than anyone has machines: a larger number is a mistake."""


class Options(NamedTuple):
    """What a run was asked to do."""

    baseline: str
    project: Project
    only: bool
    trace: str
    json: Path | None
    reports: tuple[Path, ...]
    """Where the report is written in other forms, by the endings of the names."""
    base: str
    """Revision or folder to compare with, or empty."""
    everything: bool
    """Whether traces that no change reaches are replayed too."""
    accept: str | None
    """The reason with which divergences are written down as intended."""
    coverage: Path | None
    require_reached: float | None
    """Percent of the changed lines that replays must reach."""
    explore: ExploreOptions | None
    """`None`: nothing but the recorded inputs."""
    write_tests: Path | None
    """Where differences are written as plain tests."""
    shard: Shard | None
    """The part of the run that is asked for; `None` for all."""

    @property
    def folder(self) -> Path:
        """Where the files lie that the items hang under."""
        return self.project.root / ".runtime" / self.baseline

    @property
    def run(self) -> RunOptions:
        """What is asked of the run, whoever runs it."""
        return RunOptions(
            trace=self.trace,
            everything=self.everything,
            accept=self.accept,
            require_reached=self.require_reached,
            explore=self.explore,
            all_lines=self.coverage is not None,
            plain_tests=self.write_tests is not None,
            shard=self.shard,
        )


def resolve(namespace: Any, config: pytest.Config) -> Options:
    """The options of a run; raises `pytest.UsageError`."""
    baseline = str(namespace.runtime_baseline)
    if not baseline or not all(char.isalnum() or char in "._-" for char in baseline):
        raise pytest.UsageError(f"--runtime-baseline: {baseline!r} is no name of a baseline (letters, digits, . _ -)")
    if namespace.runtime_accept is not None and not namespace.runtime_accept.strip():
        raise pytest.UsageError("--runtime-accept needs a reason that a reviewer can judge")
    required = namespace.runtime_require_reached
    if required is not None and not 0 <= required <= 100:
        raise pytest.UsageError(f"--runtime-require-reached: {required:g} is no percentage (0 to 100)")
    try:
        project = load_project(config.rootpath)
        check_include(project)
    except RuntimeBaselineError as error:
        raise pytest.UsageError(printable(str(error))) from error
    folder = config.invocation_params.dir
    report, coverage, tests = namespace.runtime_json, namespace.runtime_coverage, namespace.runtime_write_tests
    return Options(
        baseline=baseline,
        project=project,
        only=bool(namespace.runtime_only),
        trace=namespace.runtime_trace or "",
        json=Path(folder, report) if report else None,
        reports=_reports(folder, namespace.runtime_report),
        base=_base(folder, namespace.runtime_base or "", project.root),
        everything=bool(namespace.runtime_all),
        accept=namespace.runtime_accept,
        coverage=Path(folder, coverage) if coverage else None,
        require_reached=required,
        explore=_exploration(namespace.runtime_explore, project),
        write_tests=Path(folder, tests) if tests else None,
        shard=_shard(namespace.runtime_shard),
    )


def _shard(said: str | None) -> Shard | None:
    """The part of the run that was asked for; raises `pytest.UsageError`."""
    if said is None:
        return None
    index, _, of = said.partition("/")
    if all(number.isascii() and number.isdigit() and len(number) <= 5 for number in (index, of)):
        shard = Shard(int(index), int(of))
        if 1 <= shard.index <= shard.of <= MOST_SHARDS:
            return shard
    raise pytest.UsageError(
        printable(
            f"--runtime-shard: {said!r} is no shard. Write INDEX/COUNT, with an INDEX from 1 to COUNT and a COUNT of "
            f"at most {MOST_SHARDS}: --runtime-shard=2/8 is the second of eight"
        )
    )


def _reports(folder: Path, named: Sequence[str]) -> tuple[Path, ...]:
    """Raises `pytest.UsageError` where a name says no form of report."""
    try:
        for name in named:
            check_ending(Path(name))
    except ConfigurationError as error:
        raise pytest.UsageError(f"--runtime-report: {error}") from error
    return tuple(Path(folder, name) for name in named)


def _exploration(said: str | None, project: Project) -> ExploreOptions | None:
    """What the option says, else the configuration. Raises `pytest.UsageError`."""
    configured = project.configuration.explore
    if said is None and configured is False:
        return None
    examples = configured if type(configured) is int else EXAMPLES
    strict = configured == "strict"
    for part in (said or "").split(",") if said else ():
        if part == "strict":
            strict = True
        elif part.isascii() and part.isdigit() and 0 < int(part) <= MOST_EXAMPLES:
            examples = int(part)
        else:
            raise pytest.UsageError(
                f"--runtime-explore: {part!r} is neither a number of examples (1 to {MOST_EXAMPLES}) nor strict. "
                "Write it as one word, --runtime-explore=200: after a space pytest takes the next argument for it"
            )
    return ExploreOptions(examples, strict, said is not None)


def _base(folder: Path, named: str, root: Path) -> str:
    """The base that was named; raises `pytest.UsageError` where it is the project itself.

    pytest looks for its root before it knows the options of plugins: in `--runtime-base ../old` it takes the folder for
    one to test, and base for the project.
    """
    try:
        return other_base(folder, named, root)
    except ConfigurationError as error:
        raise pytest.UsageError(
            f"--runtime-base: {error}. Write it as one word, --runtime-base={named}: after a space pytest takes the "
            "folder for the one to test"
        ) from error
