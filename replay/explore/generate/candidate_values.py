"""Values to try at a place: constants that are associated with its name, what else the same input holds, edges of what
was observed, all other constants, and a short list of awkward values of the same type. The most informative come first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice, zip_longest

from ....recorders.model.value_tree import (
    BytesNode,
    DictNode,
    EnumNode,
    FrozenSetNode,
    ListNode,
    SetNode,
    StandardNode,
    Tree,
    TupleNode,
    encode,
)
from ..analyze.constants import Constant
from .containers import dict_tiers, list_tiers, set_tiers, with_entry, without
from .moment_values import moment_tiers, span_tiers
from .number_values import number_tiers
from .numbers import is_number, maker, stepped_all
from .strings import with_ends
from .text_values import text_tiers
from .tree_places import Part
from .value_context import Choice, Tier, ValueContext, as_trees, choice

OMITTED_LIMIT = 12
"""Values of one argument that was left out: each is a row of its own beside those of the other arguments."""


def values_for(part: Part, context: ValueContext) -> Iterator[Tree]:
    """Values to try instead of a part, most informative first, each once, the part itself left out."""
    found = {encode(part.tree)}
    hints = context.constants.hints
    if "comparison" in hints and isinstance(part.tree, (str, ListNode)):
        hints |= {"length"}  # it is its length that is compared with a number
    for value in _interleaved(_tiers(choice(part, context)), hints):
        key = encode(value)
        if key not in found and may_replace(part, value):
            found.add(key)
            yield value


def may_replace(part: Part, value: Tree) -> bool:
    """Whether a value may stand at the place of a part: a truth value where a number stood, or a number where a truth
    value stood, is another kind of argument, also where both were observed at places of one pattern."""
    return {type(part.tree), type(value)} != {bool, int}


def _interleaved(tiers: Sequence[Tier], hints: frozenset[str]) -> Iterator[Tree]:
    """A few of each tier in turn: a long one does not keep the next waiting. Of those that the changed lines deal with
    more, and first."""
    ordered = sorted(tiers, key=lambda tier: tier[0] not in hints)
    rows = [(iter(tier), 4 if name in hints else 2 if rank < 4 else 1) for rank, (name, tier) in enumerate(ordered)]
    most = 2  # the first of each soon
    while rows:
        left = []
        for row, size in rows:
            chunk = list(islice(row, min(size, most)))
            yield from chunk
            if chunk:
                left.append((row, size))
        rows, most = left, 4


def _tiers(choice: Choice) -> list[Tier]:
    """By how informative they are; each by what it is awkward for."""
    tree, observed = choice.part.tree, choice.observed
    match tree:
        case bool():
            return [("nothing", [not tree, None]), ("", observed)]
        case int() | float() | StandardNode(kind="decimal" | "int" | "fraction"):
            return number_tiers(choice, of_other_kinds(choice.part, choice.context))
        case str():
            return text_tiers(choice, tree, of_other_kinds(choice.part, choice.context))
        case StandardNode(kind="datetime" | "date"):
            return moment_tiers(choice, tree)
        case StandardNode(kind="timedelta"):
            return span_tiers(choice)
        case BytesNode(data=data):
            lengths: list[Tree] = [BytesNode(b""), BytesNode(data[:1]), BytesNode(data * 2)]
            return [("", observed), ("length", lengths), ("nothing", [None])]
        case ListNode(items=items):
            return list_tiers(choice, items)
        case SetNode() | FrozenSetNode():
            return set_tiers(choice, tree)
        case TupleNode(items=items):
            return [("", observed), ("length", [TupleNode([]), TupleNode(items[:1])]), ("nothing", [None])]
        case DictNode() if choice.part.pattern == "kwargs":
            return _keyword_tiers(choice, tree)
        case DictNode():
            return dict_tiers(choice, tree)
        case EnumNode(cls=cls, value=value):
            members: list[Tree] = [EnumNode(cls, name, value) for name in choice.context.constants.members]
            return [("", observed), ("", members), ("nothing", [None])]
        case None:
            return [("", observed), ("", as_trees(choice.associated)), ("nothing", ["", 0, False])]
        case _:
            return [("", observed), ("nothing", [None])]


def of_other_kinds(part: Part, context: ValueContext) -> list[Tree]:
    """Where the kind of a value is asked: in a list, in a tuple, as a text."""
    if part.name not in context.constants.kinds:
        return []
    tree = part.tree
    return [
        ListNode([tree]),
        TupleNode([tree, tree]),
        str(tree) if isinstance(tree, (int, float)) else 1,
        DictNode([], []),
    ]


def associated_values(
    part: Part, context: ValueContext, constants: Sequence[Constant] = (), wanted: frozenset[str] = frozenset()
) -> list[Tree]:
    """Constants that are associated with the name of a part, and the steps to their sides, of its type; some other
    constants before them. Of keyword arguments, those left out that are wanted."""
    known = context.constants.associated.get(part.name, ())
    found = {(type(constant), constant): constant for constant in (*constants, *known)}
    associated = tuple(found.values())  # `True` and `1` are two
    match part.tree:
        case DictNode() as given if part.pattern == "kwargs":
            return [*_in_turn(with_omitted(given, context, wanted, constants))]
        case bool():
            return [not part.tree]
        case int() | float() | StandardNode(kind="decimal" | "int" | "fraction"):
            numbers = [value for value in associated if is_number(value) and not isinstance(value, bool)]
            return list(maker(part.tree)(stepped_all([*choice(part, context).thresholds, *numbers])))
        case str() as text:
            texts = [value for value in associated if isinstance(value, str)]
            ends = with_ends(text, [constant for constant in constants if isinstance(constant, str)])
            return [*texts[:2], *ends, *texts[2:]]
        case ListNode(items=items):
            return [ListNode([*items, value]) for value in associated if isinstance(value, str)]
        case None:
            return as_trees(associated)
        case _:
            return []


# --- keyword arguments -----------------------------------------------------------------------------------------------


def _keyword_tiers(choice: Choice, tree: DictNode) -> list[Tier]:
    """With one that was left out, or without one."""
    fewer: list[Tree] = [without(tree, position) for position in range(len(tree.keys))]
    return [("", _in_turn(with_omitted(tree, choice.context))), ("nothing", fewer)]


def with_omitted(
    tree: DictNode, context: ValueContext, wanted: frozenset[str] = frozenset(), constants: Sequence[Constant] = ()
) -> list[list[Tree]]:
    """Keyword arguments with one that was left out, a row for each: those that something wanted is about first, or they
    alone where anything is."""
    given = {part.name for part in context.parts if len(part.place) == 2}
    free = [pair for pair in context.optional if pair[0] not in given and pair[0] not in tree.keys]
    informative = wanted or context.constants.names
    chosen = [pair for pair in free if pair[0] in informative]
    rest = [] if wanted else [pair for pair in free if pair not in chosen]
    return [
        [with_entry(tree, name, value) for value in _omitted_values(name, default, context, constants)]
        for name, default in [*chosen, *rest]
    ]


def _omitted_values(name: str, default: Tree, context: ValueContext, constants: Sequence[Constant]) -> Iterator[Tree]:
    """Values of an argument that was left out: what was observed of it, then what is made from its default."""
    seen = context.profile.places.get(name)
    known: list[Tree] = list(seen.values.values())[:4] if seen is not None else []
    part = Part((), name, name, default if default is not None else "")
    made = chain(of_other_kinds(part, context), associated_values(part, context, constants), values_for(part, context))
    return islice(chain(known[:2], made, known[2:], [None]), OMITTED_LIMIT)


def _in_turn(rows: Iterable[Sequence[Tree]]) -> Iterator[Tree]:
    """The first of each row, then the second."""
    return (value for row in zip_longest(*rows) for value in row if value is not None)
