"""Recording from code: `record(...)` around a block or a function, `install()` for a process."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from .config import DEFAULT_FOLDER, Project, load_project, make_folder
from .recorders.beforehand import current_commit
from .recorders.errors import ConfigurationError, KeyProblem
from .recorders.options import RecordOptions, Sample
from .recorders.privacy.keys import RECIPIENT_VARIABLE, recipients_for
from .recorders.recording import Recording, start_for_process

STARTUP = str(Path(__file__).resolve().parent / "startup")
"""Put first on the path of recorded processes: it holds the `sitecustomize` that starts the recorder."""


def record_options(
    baseline: str,
    *,
    project: Project,
    include: Sequence[str] = (),
    store: str | None = None,
    sample: Sample | None = None,
    recipients: Sequence[str] = (),
    cpu_share: float | None = None,
) -> RecordOptions:
    """The recorder's options for a project; raises `ConfigurationError` when nothing is included.

    `recipients` are public keys of those who may read what is redacted: named here, else by the environment, by the
    project, or the user's own, which is made on first use. Raises `KeyProblem` for a text that is none.
    """
    configured = project.configuration
    packages = tuple(include) or configured.include
    if not packages:
        raise ConfigurationError(
            f"nothing to record: name the packages under validation with --include PKG, "
            f'or set include = ["PKG"] under [tool.pytest-runtime] in {project.root / "pyproject.toml"}'
        )
    url = store if store is not None else project.store_url(baseline)
    _prepare(project, url)
    return RecordOptions(
        baseline=baseline,
        store=url,
        include=packages,
        app=configured.app,
        entries=configured.entries,
        boundaries=configured.boundaries,
        redact=configured.redact.options,
        sample=sample if sample is not None else configured.sample,
        cpu_share=cpu_share if cpu_share is not None else configured.cpu_share,
        exemplars=configured.exemplars,
        commit=current_commit(str(project.root)),
        root=str(project.root),
        recipients=() if configured.redact.drop else _recipients(recipients, configured.recipients),
        run=os.urandom(8).hex(),
        startup=STARTUP,
    )


def _prepare(project: Project, url: str) -> None:
    """Make the project's own folder, where the baseline is to lie in it; opening the store says what went wrong."""
    folder = project.root / DEFAULT_FOLDER
    if Path(url).parent == folder:
        with suppress(OSError):
            make_folder(folder)


def _recipients(said: Sequence[str], configured: Sequence[str]) -> tuple[str, ...]:
    """Who may read what is redacted. Where this user can have no key it is nobody, which is said."""
    if said or configured or os.environ.get(RECIPIENT_VARIABLE):
        return recipients_for(said, configured)
    try:
        return recipients_for((), ())
    except (KeyProblem, ImportError) as error:
        sys.stderr.write(f"pytest-runtime: secrets are redacted and not kept: {error}; see --recipient\n")
        return ()


@contextmanager
def record(
    baseline: str,
    *,
    include: Sequence[str] = (),
    store: str | None = None,
    root: str | Path | None = None,
    recipients: Sequence[str] = (),
) -> Iterator[Recording]:
    """Record everything that runs inside the block (or, as a decorator, the function) into a baseline.

    `include` names the packages under validation, `store` the file or URL; both default to the configuration of the
    project around `root` (default: the working directory). `recipients` are public keys of those who may read what is
    redacted, by default this user's (see `pytest-runtime key`). Import the packages inside the block where you can:
    names that other modules took before are not seen. Raises `ConfigurationError`,
    `KeyProblem` and `StoreError`.
    """
    project = load_project(Path(root) if root is not None else Path.cwd())
    options = record_options(baseline, project=project, include=include, store=store, recipients=recipients)
    recording = Recording(options._replace(startup=""))  # what it starts may outlive the block
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
    recipients: Sequence[str] = (),
) -> Recording:
    """Record this process from here to its end, as `pytest-runtime record` does. Raises as `record` does."""
    project = load_project(Path(root) if root is not None else Path.cwd())
    options = record_options(baseline, project=project, include=include, store=store, recipients=recipients)
    return start_for_process(options)
