"""Lists, sets and dictionaries to try at a place: with items or entries more, fewer, twice, or in another order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, zip_longest

from ....recorders.model.value_tree import DictNode, FrozenSetNode, ListNode, SetNode, Tree, encode
from .numbers import integer
from .profile import type_of
from .strings import LENGTH_LIMIT
from .value_context import Choice, Tier, as_trees, text_keys

MANY = 40
"""Items of a list of which each is repeated, and how often at most: 1,600 items, which both sides copy for each
trial."""

KEYS_LIMIT = 12
"""Keys of each origin that are put into a dictionary, or taken out of it: each is an input of its own."""

LENGTHS_LIMIT = 10
"""Numbers of the source and of the input that are tried as lengths: four lists each."""


def list_tiers(choice: Choice, items: list[Tree]) -> list[Tier]:
    """By how informative they are."""
    first = items[:1]
    wider = _items_of_others(choice, items)
    are_texts = all(isinstance(item, str) for item in items)
    texts = [constant for constant in choice.associated if isinstance(constant, str)] if are_texts else []
    return [
        ("nothing", [ListNode([]), None]),
        ("order", [ListNode([*items, *first]), ListNode(items[::-1]), ListNode([*items, *wider[:1]])]),
        ("entries", [ListNode([*items, text]) for text in texts]),
        ("length", chain([ListNode(first)], _many_of_each(choice, items))),
        ("length", _of_lengths(items or wider, choice.context.lengths)),
        ("order", [ListNode(items * 2), ListNode([*items[1:2], *first, *items[2:]])]),
        ("length", [ListNode(items[1:]), ListNode(items[:-1]), ListNode(items[:2])]),
        ("", [ListNode(wider[:2]), ListNode(wider[:6])]),
        ("", choice.observed),
    ]


def _many_of_each(choice: Choice, items: list[Tree]) -> Iterator[Tree]:
    """Each item once more often than a number in changed lines says: whichever of them count, there are enough."""
    if not 0 < len(items) <= MANY:
        return
    for number in choice.context.constants.changed:
        if type(number) is int and 1 < number <= MANY:
            yield ListNode([item for item in items for _time in range(number + 1)])


def _items_of_others(choice: Choice, items: list[Tree]) -> list[Tree]:
    """Items of other recorded lists at this place."""
    seen = choice.context.profile.places.get(f"{choice.part.pattern}[*]")
    known = set(map(encode, items))
    return [tree for key, tree in seen.values.items() if key not in known] if seen is not None else []


def _of_lengths(items: Sequence[Tree], lengths: Iterable[int]) -> Iterator[Tree]:
    if not items:
        return
    for length in list(dict.fromkeys(lengths))[:LENGTHS_LIMIT]:
        for wanted in (length, length + 1, length - 1):
            if 0 <= wanted <= LENGTH_LIMIT:
                yield ListNode([items[position % len(items)] for position in range(wanted)])
        yield ListNode([items[0]] * (length + 1))


def set_tiers(choice: Choice, tree: SetNode | FrozenSetNode) -> list[Tier]:
    """With what other parts of the input hold, or with fewer items."""
    kind, items = type(tree), tree.items
    types = {type(item) for item in items}
    others = [part.tree for part in choice.context.parts if type(part.tree) in types][:8]
    more: list[Tree] = [kind([*items, other]) for other in others if other not in items]
    fewer: list[Tree] = [kind([]), kind(items[:1]), kind(items[1:])]
    return [("entries", [*more, *fewer]), ("", choice.observed), ("nothing", [None])]


def dict_tiers(choice: Choice, tree: DictNode) -> list[Tier]:
    """With an entry more, or without one."""
    changed = choice.context.constants.changed
    mentioned = [position for position, key in enumerate(tree.keys) if key in changed]
    others = [position for position in range(min(len(tree.keys), KEYS_LIMIT)) if position not in mentioned]
    return [
        ("entries", [without(tree, position) for position in mentioned]),
        ("entries", _with_more(choice, tree)),
        ("nothing", [without(tree, position) for position in others]),
        ("nothing", [DictNode([], []), None]),
        ("", choice.observed),
    ]


def without(tree: DictNode, position: int) -> DictNode:
    """A dictionary without one of its entries."""
    keys, values = tree.keys, tree.values
    return DictNode([*keys[:position], *keys[position + 1 :]], [*values[:position], *values[position + 1 :]])


def with_entry(tree: DictNode, key: Tree, value: Tree) -> DictNode:
    """A dictionary with an entry more."""
    return DictNode([*tree.keys, key], [*tree.values, value])


def _with_more(choice: Choice, tree: DictNode) -> Iterator[Tree]:
    """With an entry more: a key that the source knows, or that another dictionary of the same input has."""
    context = choice.context
    texts = [constant for constant in context.constants.all if isinstance(constant, str)]
    named = [text for text in texts if text.isidentifier()][:KEYS_LIMIT]
    parts = [part for part in context.parts if part.place != choice.part.place]
    shared = [key for part in parts for key in text_keys(part.tree)][:KEYS_LIMIT]
    seen = [key for key in choice.seen.keys if key not in tree.keys]
    wanted = [key for key in (*seen, *shared, *context.constants.keys, *named) if key not in tree.keys]
    rows = [[(key, value) for value in _guesses(choice, tree, key)] for key in dict.fromkeys(wanted)]
    for row in zip_longest(*rows):
        yield from (with_entry(tree, *pair) for pair in row if pair is not None)


def _guesses(choice: Choice, tree: DictNode, key: str) -> list[Tree]:
    """What may stand under a key: what was seen there, else what it is compared with, or what stands under other keys
    of the same dictionary, else plain values."""
    seen = choice.context.profile.places.get(f"{choice.part.pattern}.{key}")
    if seen is not None:
        return list(seen.values.values())[:3]
    associated = as_trees(choice.context.constants.associated.get(key, ())[:4])
    kinds = {type_of(value): value for value in reversed(tree.values)}
    alike = [_a_step_from(value) for value in reversed(kinds.values())]
    return [*associated, *(alike or [True, 1, ""]), None]


def _a_step_from(value: Tree) -> Tree:
    """Another value of the type, where that is easy; so that it shows which of two was taken."""
    if type(value) is int:
        return integer(value + 1)
    return f"{value}x" if isinstance(value, str) else value
