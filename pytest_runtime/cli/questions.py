"""Questions to traces, for commands: which baselines are meant, and which of their traces."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any, TypeVar

import click

from ..config import Project
from ..recorders.errors import ConfigurationError
from ..replay.inspect.condition import Condition, parse_condition
from ..replay.inspect.questions import Asked, Scope, asked
from ..wiring import known_names
from .baselines import opened

F = TypeVar("F", bound=Callable[..., Any])


def scope_options(function: F) -> F:
    """Options that say which traces are asked; they come as `entry`, `where`, `since` and `until`."""
    for option in (
        click.option("--until", default="", metavar="WHEN", help="Only traces begun before this moment."),
        click.option("--since", default="", metavar="WHEN", help="Only traces begun since (UTC, 2026-11-28T06:10)."),
        click.option("--where", default="", metavar="CONDITION", help="Only traces of which this is true."),
        click.option("--entry", default="", metavar="NAME", help="Only traces of this entry, as `show` names it."),
    ):
        function = option(function)
    return function


def asked_of(project: Project, names: Sequence[str], scope: Scope, where: str) -> Asked:
    """The traces of some baselines, of the only one where none is named, of which a condition is true.

    Raises `ConfigurationError`, `ConditionProblem`, `UnknownEntry`, `StoreError`.
    """
    condition = parse_condition(where) if where else None
    with ExitStack() as stack:
        meant = list(names) or [only_baseline(project)]
        readers = [(name, stack.enter_context(opened(project, name))) for name in meant]
        found = asked(readers, scope)
        return found if condition is None else that_hold(found, condition)


def that_hold(found: Asked, condition: Condition) -> Asked:
    """Those of some traces of which a condition is true; raises `ConditionProblem`."""
    found.check(condition)
    return found._replace(facts=tuple(trace for trace in found.facts if condition.holds(trace)))


def only_baseline(project: Project) -> str:
    """The baseline of a project that has one; raises `ConfigurationError` where it has none, or several."""
    known, _problem = known_names(project)
    if len(known) == 1:
        return known[0]
    there = f"there are {', '.join(known)}" if known else "there is none yet"
    raise ConfigurationError(f"say which baseline is meant: {there}")
