"""Looking into a baseline for what should not be there, without ever showing what it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

import msgspec

from .model.trace import Trace, decode_trace
from .model.value_tree import BytesNode, Tree, walk
from .privacy.encryption import Keyring
from .privacy.secret_parts import opened
from .privacy.secret_patterns import spots_by_form
from .privacy.spellings import written_forms
from .session.assemble import named_trees
from .store.protocol import BaselineReader

SHORTEST: Final = 4
"""Characters of a value that is looked for: shorter ones are in every file."""

_TEXTS: Final = ("entry", "source", "absence", "counter", "variable_name", "path_class", "shape", "text")
"""Tables that hold no pseudonyms: what has the form of a secret there is one."""


class Found(NamedTuple):
    """Something that should not be there."""

    where: str
    what: str


class Value(NamedTuple):
    """A value that is looked for."""

    name: str
    """What it is called in the answer, which does not show it."""
    text: str


def values_in(text: str, file: str) -> tuple[list[Value], list[str]]:
    """The values in a file, one a line, and the names of those that are too short to be looked for."""
    lines = [(f"line {number} of {file}", line) for number, line in enumerate(text.splitlines(), 1) if line]
    values = [Value(name, line) for name, line in lines if len(line) >= SHORTEST]
    return values, [name for name, line in lines if len(line) < SHORTEST]


def find_values(reader: BaselineReader, values: Iterable[Value]) -> Iterator[Found]:
    """Where some values stand, in whatever spelling."""
    wanted = [
        (value.name, how, spelling.encode("utf-8", "surrogatepass"))
        for value in values
        for spelling, how in written_forms(value.text).items()
        if len(spelling) >= SHORTEST
    ]
    for where, data in reader.contents():
        yield from (Found(where, f"{name}, {how}") for name, how, spelling in wanted if spelling in data)


def find_forms(reader: BaselineReader, keys: Keyring) -> Iterator[Found]:
    """Where something stands that is secret by its form and was not redacted.

    A pseudonym has the form of its secret, so traces are looked at where the keys are at hand that distinguish them.
    """
    for where, data in reader.contents():
        if where.startswith(_TEXTS) and not where.endswith(", dictionary"):
            yield from _in_data(where, data)
    for stored in reader.traces():
        for name, data in ((stored.id, stored.data), *stored.producers.items()):
            trace = decode_trace(data) if data else None
            if trace is not None and (trace.key in keys or not trace.redacted):
                yield from (Found(f"trace {name}", "by its form") for _ in _clear(trace, keys))


def unread(reader: BaselineReader, keys: Keyring) -> int:
    """Traces with pseudonyms that cannot be distinguished from secrets here."""
    traces = [stored.trace for stored in reader.traces() if stored.trace is not None]
    return sum(1 for trace in traces if trace.redacted and trace.key not in keys)


def _in_data(where: str, data: bytes) -> Iterator[Found]:
    try:
        parts: Sequence[object] = list(_strings(msgspec.msgpack.decode(data)))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        parts = [data.decode("utf-8", "replace")]
    for part in parts:
        if isinstance(part, str) and next(spots_by_form(part), None) is not None:
            yield Found(where, "by its form")


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _strings(key)
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)


def _clear(trace: Trace, keys: Keyring) -> Iterator[str]:
    """The texts of a trace that are secret by form, and are shown as they are."""
    real = opened(trace, keys)
    pairs = zip(named_trees(trace), named_trees(real), strict=True)
    for (_name, shown), (_same, value) in pairs:
        own = set(_texts(value))
        for text in _texts(shown):
            if text in own and next(spots_by_form(text), None) is not None:
                yield text


def _texts(tree: Tree) -> Iterator[str]:
    for part in walk(tree):
        if isinstance(part, str):
            yield part
        elif isinstance(part, BytesNode):
            yield part.data.decode("utf-8", "replace")
