"""What is run for an assistant, in a process of its own: a replay of a candidate, or given inputs on both versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from ..config import Project, load_project
from ..recorders.errors import ConfigurationError
from ..replay.change.scratch_candidate import at_revision, patched
from ..replay.inspect.explained import explain
from ..replay.model.progress import Say
from ..replay.run.options import ExploreOptions, RunOptions
from ..replay.run.result_codec import encode_result
from ..replay.run.simulation import simulate as run_inputs
from ..wiring import (
    check_include,
    make_importable,
    open_baseline,
    other_base,
    readable_url,
    run_of,
    setup_of,
)

DEFAULT_EXAMPLES = 200
"""Inputs tried for each function where an assistant asks for exploring and says no number."""


class Reporter(NamedTuple):
    """Where a job says what it does."""

    say: Say
    progress: Say


class Candidate(NamedTuple):
    """What is judged."""

    project: Project
    base: str
    """The revision or folder that it is compared with; empty to find it."""


def request_of(root: Path, baseline: str, *, patch: str, revision: str, base: str) -> dict[str, Any]:
    """What every job about a candidate is asked."""
    return {"root": str(root), "baseline": baseline, "patch": patch, "revision": revision, "base": base}


def validate(request: Mapping[str, Any], reporter: Reporter) -> bytes:
    """Replay what a change can have reached, and explore it where that is asked for; gives the encoded result.

    `request` is as `request_of` makes it, with `explore` (inputs for each function, 0 for none), `everything` and
    `trace` (the beginning of an id). Raises `RuntimeBaselineError`, `CannotReplay`.
    """
    examples = int(request["explore"])
    options = RunOptions(
        trace=request["trace"],
        everything=request["everything"],
        explore=ExploreOptions(examples) if examples else None,
        plain_tests=True,
    )
    with candidate(request) as found:
        run = run_of(
            found.project,
            request["baseline"],
            options,
            base=found.base,
            say=reporter.say,
            progress=reporter.progress,
        )
        try:
            run.judge_all()
            for target in run.plan().targets:
                reporter.progress(f"exploring {target.name}")
                run.explore(target)
            return bytes(encode_result(run.result()))
        finally:
            run.stop()


@contextmanager
def candidate(request: Mapping[str, Any]) -> Iterator[Candidate]:
    """The project as it is to be judged: the working tree, or a scratch copy of it; raises `RuntimeBaselineError`."""
    project = load_project(Path(request["root"]))
    patch, revision, base = request["patch"], request["revision"], request["base"]
    if patch and revision:
        raise ConfigurationError("a patch and a revision are two candidates: name one of them")
    if patch:
        with patched(project.root, patch) as folder:
            yield Candidate(_elsewhere(project, folder, request["baseline"]), base or "HEAD")
    elif revision:
        with at_revision(project.root, revision) as (folder, before):
            yield Candidate(_elsewhere(project, folder, request["baseline"]), base or before)
    else:
        yield Candidate(project, other_base(project.root, base, project.root))


def _elsewhere(project: Project, folder: Path, baseline: str) -> Project:
    """The project in another folder, whose baseline lies where it lay."""
    configured = load_project(folder).configuration
    stores = {**configured.baselines, baseline: readable_url(project, baseline)}
    return Project(folder, replace(configured, baselines=stores))


def steps(request: Mapping[str, Any], reporter: Reporter) -> bytes:
    """Replay one trace on base, with the values of its decisions; gives a `Replayed` as JSON.

    `request` holds `root`, `baseline` and `trace`. Raises `RuntimeBaselineError`, `CannotReplay`.
    """
    project, name = load_project(Path(request["root"])), request["baseline"]
    check_include(project)
    make_importable(project)
    with closing(open_baseline(project, name)) as reader:
        found = explain(name, reader, project.root, request["trace"], setup=setup_of(project, name, reader))
    return msgspec.json.encode(found.replayed)


def simulate(request: Mapping[str, Any], reporter: Reporter) -> bytes:
    """Run given inputs on base and candidate; gives a `Simulation` as JSON.

    `request` is as `request_of` makes it, with `trace` and `inputs`. Raises `RuntimeBaselineError`, `CannotReplay`.
    """
    with candidate(request) as found:
        run = run_of(found.project, request["baseline"], RunOptions(everything=True), base=found.base, say=reporter.say)
        try:
            return msgspec.json.encode(run_inputs(run, request["trace"], request["inputs"]))
        finally:
            run.stop()
