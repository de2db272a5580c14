"""Pairs of steps: the steps of base and candidate that represent each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from ...recorders.model.branches import Branch, FunctionName
from ..change.alignment import Alignment, Place
from ..model.steps import Event, named
from .sequence import matched

StepPair: TypeAlias = tuple[int | None, int | None]
"""Positions in the steps of base and candidate; `None` where a side has none."""


def paired_steps(base: Sequence[Event], candidate: Sequence[Event], alignment: Alignment) -> list[StepPair]:
    """The steps of both sides in one order, those that represent each other together."""
    return list(matched(_tokens_of_base(base, alignment), _tokens_of_candidate(candidate, alignment)))


def _tokens_of_candidate(candidate: Sequence[Event], alignment: Alignment) -> list[object]:
    place = _remembered(alignment.place)
    return [_token(event, event.function, place(event.function, event.line), _identity(event)) for event in candidate]


def _tokens_of_base(base: Sequence[Event], alignment: Alignment) -> list[object]:
    """In words of the candidate; what has no counterpart there has a token of its own."""
    counterpart = _remembered(alignment.stands_for)
    tokens: list[object] = []
    for position, event in enumerate(base):
        function = alignment.function(named(event.function))
        branch = alignment.branch(_branch(event)) if event.kind == "decision" else None
        identity = branch.identity if branch is not None else None
        token = _token(event, function, counterpart(event.function, event.line), identity)
        tokens.append(("only base", position) if token is None else token)
    return tokens


def _branch(event: Event) -> Branch:
    return Branch(event.function, event.key, event.ordinal, event.line)


def _identity(event: Event) -> object:
    return (event.function, event.key, event.ordinal)


def _token(event: Event, function: FunctionName | None, place: Place | None, identity: object) -> object:
    """What a step represents; `None` where it represents nothing in the code under test."""
    match event.kind:
        case "decision":
            return None if identity is None else ("decision", identity)
        case "value":
            return None if place is None else ("value", place.function, place.first, _role(event.key))
        case _:
            return None if function is None else (event.kind, named(function))


def _role(key: str) -> str:
    """What takes a value, without the names in it."""
    _call, is_call, argument = key.partition("() ")
    if is_call:
        return argument
    return key if key in _ROLES else "="


_ROLES = frozenset({"if", "while", "assert", "if else", "case if", "yield", "yield from", "with", "lambda"})


def _remembered(
    find: Callable[[FunctionName, int], Place | None],
) -> Callable[[FunctionName, int], Place | None]:
    known: dict[tuple[FunctionName, int], Place | None] = {}

    def remembering(function: FunctionName, line: int) -> Place | None:
        key = (function, line)
        if key not in known:
            known[key] = find(function, line)
        return known[key]

    return remembering
