"""This file is about recording from code: `record(...)` around a block or a function, `install()` for a process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from .config import Project, load_project
from .recorders.errors import ConfigurationError
from .recorders.options import RecordOptions, Sample
from .recorders.recording import Recording, current_commit, start_for_process


def record_options(
    baseline: str,
    *,
    project: Project,
    include: Sequence[str] = (),
    store: str | None = None,
    sample: Sample | None = None,
    cpu_share: float | None = None,
    process: int = 0,
) -> RecordOptions:
    """The recorder's options for a project; raises `ConfigurationError` when nothing is included."""
    configured = project.configuration
    packages = tuple(include) or configured.include
    if not packages:
        raise ConfigurationError(
            f"nothing to record: name the packages under validation with --include PKG, "
            f'or set include = ["PKG"] under [tool.pytest-runtime] in {project.root / "pyproject.toml"}'
        )
    return RecordOptions(
        baseline=baseline,
        store=store if store is not None else project.store_url(baseline),
        include=packages,
        app=configured.app,
        entries=configured.entries,
        boundaries=configured.boundaries,
        redact=configured.redact,
        sample=sample if sample is not None else configured.sample,
        cpu_share=cpu_share if cpu_share is not None else configured.cpu_share,
        exemplars=configured.exemplars,
        commit=current_commit(str(project.root)),
        root=str(project.root),
        process=process,
    )


@contextmanager
def record(
    baseline: str,
    *,
    include: Sequence[str] = (),
    store: str | None = None,
    root: str | Path | None = None,
) -> Iterator[Recording]:
    """Record everything that runs inside the block (or, as a decorator, the function) into a baseline.

    `include` names the packages under validation, `store` the file or URL; both default to the configuration of the
    project around `root` (default: the working directory). Import the packages inside the block where you can:
    names that other modules took before are not seen. Raises `ConfigurationError` and `StoreError`.
    """
    project = load_project(Path(root) if root is not None else Path.cwd())
    recording = Recording(record_options(baseline, project=project, include=include, store=store))
    recording.start()
    try:
        yield recording
    finally:
        recording.stop()


def install(
    baseline: str,
    *,
    include: Sequence[str] = (),
    store: str | None = None,
    root: str | Path | None = None,
) -> Recording:
    """Record this process from here to its end, as `pytest-runtime record` does. Raises as `record` does."""
    project = load_project(Path(root) if root is not None else Path.cwd())
    return start_for_process(record_options(baseline, project=project, include=include, store=store))
