"""Inner calls: traces that ran inside of others, whose input no replay can build (`recorders.session.inwards`).

What an inner call gives is no promise to anybody outside: where a change moves work between a function and those that
call it, an inner call differs and nobody can see it. So a difference of one counts where nothing speaks for that:

- where base replays every trace of the outer entry after all, these judge the change;
- where the function is gone, takes other parameters, or what called it changed too, nobody knows.

Then it is not judged: it is no evidence, for nor against the change.

Everything else fails like any other difference, and says where it was seen.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import NamedTuple

from ...recorders.model.full_names import split_name
from ...recorders.model.trace import Inside, Trace
from ..change.qualified_names import definitions_in
from ..change.versions import Versions
from ..model.reason import NO_REASON, Reason, ReasonCode, because
from .fidelity import is_gone
from .judgement import Case, Judgement, not_judged
from .seal import Fidelity

__all__ = ["InnerCalls"]

GONE = "the candidate does not define this function"
PARAMETERS = "the candidate's function takes other parameters"
CALLER = "{caller}, which called it, changed as well"
UNJUDGED = "{why}: what calls it could not be replayed, and what it does for that may have moved there"
OVERRULED = (
    "called by itself it differs; base replays every trace of {entry}, which calls it, and these judge the change"
)


class InnerCalls:
    """Judges differences of inner calls on one change."""

    def __init__(self, versions: Versions, fidelity: Callable[[], Mapping[str, Fidelity]]) -> None:
        """`fidelity` says how faithful base is, by entry; it is asked when it is wanted first."""
        self._versions = versions
        self._ask = fidelity

    @cached_property
    def _fidelity(self) -> Mapping[str, Fidelity]:
        return self._ask()

    def judged(self, case: Case, judgement: Judgement) -> Judgement:
        """What a divergence of a trace comes to; any other judgement as it is."""
        inside = case.trace.inside
        if inside is None or judgement.verdict != "diverged":
            return judgement
        outer = self._fidelity.get(inside.entry)
        if outer is not None and outer.faithful == outer.traces:
            return not_judged(case, Reason(ReasonCode.INNER, OVERRULED.format(entry=inside.entry)))
        candidate = judgement.candidate
        why = self._moved(case.trace, inside, is_gone=candidate is not None and is_gone(candidate))
        return not_judged(case, why) if why else judgement

    def _moved(self, trace: Trace, inside: Inside, *, is_gone: bool) -> Reason:
        """Why work may have moved between a function and what calls it; falsy where it did not."""
        if is_gone:
            why = GONE
        elif not self._takes_the_same(trace.entry):
            why = PARAMETERS
        elif inside.caller and self._versions.differs(inside.caller):
            why = CALLER.format(caller=inside.caller)
        else:
            return NO_REASON
        return because(ReasonCode.INNER, UNJUDGED.format(why=why))

    def _takes_the_same(self, function: str) -> bool:
        """Whether whoever called the function can go on calling it so."""
        before, after = (_parameters(sources, function) for sources in (self._versions.old, self._versions.new))
        if before is None or after is None:
            return True  # made by a decorator: no text says what it takes
        new = after.positional[len(before.positional) :]
        return (
            after.positional[: len(before.positional)] == before.positional
            and before.named <= after.named
            and not (after.required - before.required) & {*new, *after.named}
            and (before.rest, before.others) == (after.rest, after.others)
        )


class _Parameters(NamedTuple):
    positional: tuple[str, ...]
    named: frozenset[str]
    """Those that are given by name alone."""
    required: frozenset[str]
    rest: bool
    others: bool


def _parameters(sources: Mapping[str, str], function: str) -> _Parameters | None:
    """The parameters of a function; `None` where no text defines it."""
    module, name = split_name(function)
    for known, definition in definitions_in(sources.get(module, "")):
        if known == name and isinstance(definition, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return _read_parameters(definition.args)
    return None


def _read_parameters(given: ast.arguments) -> _Parameters:
    positional = tuple(one.arg for one in (*given.posonlyargs, *given.args))
    named = frozenset(one.arg for one in given.kwonlyargs)
    filled = {one.arg for one, default in zip(given.kwonlyargs, given.kw_defaults, strict=True) if default is not None}
    filled.update(positional[len(positional) - len(given.defaults) :])
    required = frozenset({*positional, *named} - filled)
    return _Parameters(positional, named, required, given.vararg is not None, given.kwarg is not None)
