"""Texts to try at a place: constants, other texts of the same input, and the text itself, changed in what the changed
lines deal with."""

from __future__ import annotations

from itertools import chain

from ....recorders.model.value_tree import Tree
from ..analyze.constants import number_in
from .numbers import is_number, number_or_zero
from .profile import type_of
from .strings import (
    awkward,
    dates_spelled,
    folded,
    marked,
    numbers_inside,
    of_lengths,
    spaced,
    spelled,
    spelled_alike,
    with_ends,
    with_words,
)
from .value_context import Choice, Tier, text_keys


def text_tiers(choice: Choice, text: str, kinds: list[Tree]) -> list[Tier]:
    """By how informative they are; `kinds` are values of other kinds."""
    constants = choice.context.constants
    associated = [constant for constant in choice.associated if isinstance(constant, str)]
    changed = [constant for constant in constants.changed if isinstance(constant, str)]
    others = [str(part.tree) for part in choice.others()][:8]
    others += [key for part in choice.context.parts for key in text_keys(part.tree)][:8]
    observed = [value for value in choice.observed if isinstance(value, str)]
    is_number_text = number_in(text) is not None
    solved = choice.thresholds if is_number_text else []
    return [
        ("comparison", chain(spelled_alike(text, solved), associated, changed, others[:2])),
        ("nothing", [*(["0"] if is_number_text else []), "", None, " "]),
        ("ends", chain(with_ends(text, changed), with_words(text, changed))),
        ("spaces", spaced(text)),
        ("case", chain([text.upper(), f"{text}ß", text.lower(), text.title()], folded(text))),
        ("marks", marked(text)),
        ("order", [text + text, f"{text} {text}"]),
        ("kinds", kinds),
        ("numbers", chain(spelled(text, _numbers(choice)), numbers_inside(text, choice.associated_numbers))),
        ("entries", chain(others, observed)),
        ("length", chain([text + text], of_lengths(text, choice.context.lengths), [text[:1], text[1:], text[:-1]])),
        ("time", dates_spelled(text)),
        ("", [constant for constant in constants.all if isinstance(constant, str)]),
        ("case", chain.from_iterable((word.upper(), word.title(), f" {word}") for word in associated[:6])),
        ("", awkward(text)),
    ]


def _numbers(choice: Choice) -> list[float]:
    """Numbers that a text may spell: associated ones, and those of the same input; else those of changed lines."""
    parts = choice.context.parts
    given = [number_or_zero(part.tree) for part in parts if type_of(part.tree) in ("int", "float", "decimal")]
    changed = choice.context.constants.changed
    return [*choice.associated_numbers, *given[:6]] or [constant for constant in changed if is_number(constant)]
