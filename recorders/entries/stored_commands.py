"""Command lines as they are stored, in the collector."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..model.inputs import DataInput
from ..model.trace import Entry
from ..model.value_tree import DictNode, ListNode, Tree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..session.live_trace import LiveTrace


class StoredCommands:
    """What the collector asks about traces of commands."""

    def encode(self, trace: LiveTrace) -> DataInput:
        """The words of the command line; the first is the program's name without its folder."""
        return DataInput(ListNode(named(trace.input)))

    def describe(self, trace: LiveTrace, name: str, settings: str) -> Entry:
        """It hangs under the module of the command; `settings` are what sets it up."""
        return Entry(name, trace.recorder.kind, trace.label[1], settings)


def named(words: Sequence[str]) -> list[Tree]:
    """The words of a command line, in which what follows an option, or its `=`, stands under the name of the option:
    redaction knows by it what a value is. `words_of` gives the words back."""
    found: list[Tree] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        option, equals, value = word.partition("=")
        if not (option.startswith("-") and option.strip("-")):
            found.append(word)
        elif equals:
            found.append(DictNode([option + equals], [value]))
        elif rest and not rest[0].startswith("-"):
            found.append(DictNode([option], [rest.pop(0)]))
        else:
            found.append(word)
    return found


def words_of(tree: Tree) -> list[str] | None:
    """The words that `named` was given; `None` where a tree holds something else."""
    words: list[str] = []
    for part in tree.items if isinstance(tree, ListNode) else [None]:
        if isinstance(part, str):
            words.append(part)
            continue
        said = [*part.keys, *part.values] if isinstance(part, DictNode) else []
        option, value = said if len(said) == 2 else (None, None)
        if not isinstance(option, str) or not isinstance(value, str):
            return None
        words += [f"{option}{value}"] if option.endswith("=") else [option, value]
    return words
