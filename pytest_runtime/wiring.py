"""Wiring: from a project and a baseline's name to a run, for pytest and commands alike."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .accept.acceptance_file import FILE, acceptances_in, read_acceptances, read_blindness
from .config import Project, is_remote
from .recorders.errors import ConfigurationError, RuntimeBaselineError, StoreError, UnknownBaseline
from .recorders.privacy.encryption import SessionKey
from .recorders.privacy.keys import readable
from .recorders.store.open import open_reader
from .recorders.store.protocol import BaselineReader
from .replay.change.packages import homes_below, homes_of
from .replay.judge.setup import Limits, Setup
from .replay.model.progress import Say, say_nothing
from .replay.run.options import RunOptions, RunProject
from .replay.run.run import Run
from .rules.project_rules import CompareHooks, ProjectRules


def readable_url(project: Project, name: str) -> str:
    """Where the baseline of a name can be read on this machine: one that is kept elsewhere is fetched, once.

    One that was recorded here and is not there yet is read here. Raises `StoreError`.
    """
    url = project.remote_url(name)
    if not url:
        return project.store_url(name)
    from . import remote  # only where something is elsewhere

    try:
        return str(remote.cached(project, name, url))
    except remote.NothingThere as error:
        own = project.store_url(name)
        if Path(own).is_file():
            return own
        known, _problem = known_names(project)
        raise UnknownBaseline(name, location=url, known=known) from error


def known_names(project: Project) -> tuple[list[str], str]:
    """The baselines of this machine and of the configured store, and why those of the store may be missing."""
    names, store = set(project.known_baselines()), project.configuration.store
    if not is_remote(store):
        return sorted(names), ""
    from . import remote  # only where something is elsewhere

    try:
        return sorted(names | set(remote.names_in(store))), ""
    except remote.RemoteProblem as error:
        return sorted(names), str(error)


def writable_url(project: Project, name: str) -> str:
    """Where the baseline of a name can be added to; raises `StoreError` where it is kept elsewhere and is not here."""
    own, url = project.store_url(name), project.remote_url(name)
    if url and not Path(own).is_file():
        raise StoreError(
            f"the baseline {name} is kept at {url}, and can only be changed here: pytest-runtime pull {name}, do this, "
            f"and pytest-runtime push {name}",
            location=url,
        )
    return own


def open_baseline(project: Project, name: str) -> BaselineReader:
    """The baseline of a name; raises `StoreError`, which lists those that there are."""
    url = readable_url(project, name)
    try:
        return open_reader(url)
    except UnknownBaseline as error:
        outside = "" if project.is_configured else str(project.root)
        raise UnknownBaseline(name, location=url, known=project.known_baselines(), outside=outside) from error


def keys_of(reader: BaselineReader) -> tuple[SessionKey, ...]:
    """The session keys of a baseline that this user, or the environment, can read; raises `KeyProblem`."""
    return readable(reader.keys())


def check_include(project: Project) -> None:
    """Raise `ConfigurationError` where nothing is under validation."""
    if not project.configuration.include:
        raise ConfigurationError(
            f'nothing is under validation: set include = ["PKG"] under [tool.pytest-runtime] in '
            f"{project.root / 'pyproject.toml'}"
        )


def base_path(folder: Path, named: str) -> str:
    """The base that a user named, who stands in a folder: a folder as a whole path, because workers of pytest-xdist may
    run elsewhere; a revision as it is."""
    path = Path(folder, named)
    return str(path) if named and path.is_dir() else named


def other_base(folder: Path, named: str, root: Path) -> str:
    """The same, to be compared with; raises `ConfigurationError` where it is the project itself."""
    path = base_path(folder, named)
    if Path(path).is_dir() and named and Path(path).resolve() == root.resolve():
        raise ConfigurationError(f"{named} is the project itself, so there is nothing to compare")
    return path


def setup_of(project: Project, baseline: str, reader: BaselineReader, base: str = "") -> Setup:
    """What a run replays, and with what; `reader` has the baseline open, and `base` is the revision or folder that the
    user named, or empty.

    Raises `ConfigurationError` for an included package without a file below the project's root, `KeyProblem`.
    """
    configured = project.configuration
    return Setup(
        root=str(project.root),
        baseline=baseline,
        store=reader.location,
        include=configured.include,
        app=configured.app,
        boundaries=configured.boundaries,
        base=base,
        limits=Limits(replay=configured.time_limit),
        homes=homes_of(project.root, configured.include),
        redact=configured.redact.options,
        keys=keys_of(reader),
    )


def run_of(
    project: Project,
    baseline: str,
    options: RunOptions,
    *,
    base: str = "",
    hooks: Callable[[], CompareHooks] = CompareHooks,
    say: Say = say_nothing,
    progress: Say = say_nothing,
) -> Run:
    """A run of a project on its baseline; `hooks` are asked beside the rules of the configuration.

    Raises `AcceptanceError`, `ConfigurationError`, `KeyProblem`, `StoreError`.
    """
    file = project.root / FILE
    acceptances, blindness = read_acceptances(file), read_blindness(file)
    make_importable(project)
    reader = open_baseline(project, baseline)
    try:
        known = RunProject(
            setup=setup_of(project, baseline, reader, base),
            reader=reader,  # the run closes it
            rules=ProjectRules(project.configuration.compare, hooks),
            acceptances=acceptances,
            parse_acceptances=acceptances_in,
            blindness=blindness,
        )
    except RuntimeBaselineError:
        reader.close()
        raise
    return Run(known, options, say=say, progress=progress)


def make_importable(project: Project) -> None:
    """Put the folders of included packages on the path, where they are not found otherwise.

    Raises `ConfigurationError` for an included package without a file below the project's root.
    """
    include = project.configuration.include
    for folder in homes_below(str(project.root), include, homes_of(project.root, include)):
        if any(_spec(package) is None for package in include):
            sys.path.insert(0, folder)


def _spec(package: str) -> Any:
    try:
        return importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return None
