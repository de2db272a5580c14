"""Which parts of a trace are pseudonyms: what redaction, asked again, would replace.

A recording does not mark what was redacted. The rules that decided so, names and forms, hold for pseudonyms as well,
which keep both; so the same redactor is asked again and what it changes was redacted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from http.cookies import CookieError, SimpleCookie
from typing import NamedTuple
from urllib.parse import parse_qsl

import msgspec

from ...recorders.model.inputs import CallInput, HttpInput
from ...recorders.model.trace import Outcome, Trace
from ...recorders.model.value_tree import DictNode, Tree, encode, field
from ...recorders.options import RedactOptions
from ...recorders.privacy.encryption import KeyId, Recipient, WrappedKey
from ...recorders.privacy.keys import KEY_VARIABLE
from ...recorders.privacy.redact import Redactor
from ...recorders.session.assemble import redacted
from ..model.difference import Difference
from ..model.observation import Observation, recorded_observation
from ..model.reason import CURES, ReasonCode
from .observations import compare

_KEY = b"pytest-runtime: asks which values are pseudonyms"
"""Any key does: what is asked is where something is replaced, not by what."""


class KeysAtHand(NamedTuple):
    """Which of the values that a baseline hides can be read."""

    wrapped: Sequence[WrappedKey] = ()
    """The keys of its sessions."""
    readable: frozenset[KeyId] = frozenset()
    """Those that can be used."""

    def are_missing_for(self, trace: Trace) -> bool:
        """Whether a trace has pseudonyms, and nothing at hand gives their values."""
        return bool(trace.redacted) and not (trace.key and trace.key in self.readable)

    def recipients(self, trace: Trace) -> list[Recipient]:
        """Whose private keys would give the values of a trace; nobody's where they were not kept."""
        return [wrapped_key.recipient for wrapped_key in self.wrapped if wrapped_key.id == trace.key]


def cure_of(recipients: Sequence[Recipient]) -> str:
    """What to do about a redacted value."""
    if not recipients:
        return CURES[ReasonCode.REDACTED]
    return f"give the private key of {' or '.join(recipients)} as {KEY_VARIABLE}"


class RedactedParts:
    """Asks the project's redaction rules about traces."""

    def __init__(self, options: RedactOptions, keys: KeysAtHand = KeysAtHand()) -> None:  # noqa: B008 - immutable
        self._redactor = Redactor(_KEY, names=options.names, keep=options.keep)
        self._keys = keys

    def are_unreadable(self, trace: Trace) -> bool:
        """Whether a replay of a trace has to do with pseudonyms."""
        return self._keys.are_missing_for(trace)

    def cure(self, trace: Trace) -> str:
        """What makes the redacted parts of a trace readable."""
        return cure_of(self._keys.recipients(trace))

    def inputs(self, trace: Trace) -> list[str]:
        """The redacted parts of what a trace was given, in words; none where the values behind them are at hand.

        Its input comes first, then what the systems behind it answered, and its environment.
        """
        if not self._keys.are_missing_for(trace):
            return []
        again = redacted(trace, self._redactor)
        found = [*_of_input(trace, again), *_of_exchanges(trace, again), *_of_variables(trace, again)]
        return list(dict.fromkeys(found))

    def fields(self, trace: Trace, shown: Observation) -> set[str]:
        """The fields of an observation of a trace that cannot be compared with the recording, because they would be
        redacted in one; none where the replay computed with the values, and equal ones have equal pseudonyms."""
        if not self._keys.are_missing_for(trace):
            return set()
        outcome = Outcome(shown.kind, shown.value, shown.arguments)
        recorded = msgspec.structs.replace(trace, outcome=outcome)
        again = redacted(recorded, self._redactor)
        left, right = recorded_observation(recorded), recorded_observation(again)
        return {change.field for change in compare(left, right)}


def outside_redacted(differences: Sequence[Difference], fields: set[str]) -> list[Difference]:
    """The differences that lie in no redacted field."""
    return [difference for difference in differences if not any(_covers(field, difference.field) for field in fields)]


def _covers(redacted_field: str, differing: str) -> bool:
    return differing == redacted_field or differing.startswith((f"{redacted_field}.", f"{redacted_field}["))


def _of_input(trace: Trace, again: Trace) -> Iterator[str]:
    before, after = trace.input, again.input
    if isinstance(before, HttpInput) and isinstance(after, HttpInput):
        yield from _of_request(before.tree(), after.tree())
    if not (isinstance(before, CallInput) and isinstance(after, CallInput)):
        return
    names = before.parameters
    for position, (old, new) in enumerate(zip(before.positional, after.positional, strict=False)):
        if encode(old) != encode(new):
            yield f"argument `{names[position]}`" if position < len(names) else f"argument {position + 1}"
    for name in _differing_keys(before.part(2), after.part(2)):
        yield f"argument `{name}`"
    if encode(before.part(0)) != encode(after.part(0)):
        yield "state of its object"


def _of_request(old: Tree, new: Tree) -> Iterator[str]:
    before, after = field(old, "environ"), field(new, "environ")
    for name in _differing_keys(before, after):
        if name == "HTTP_COOKIE":
            yield from (f"cookie `{cookie}`" for cookie in _cookies(field(before, name), field(after, name)))
        elif name.startswith("HTTP_"):
            yield f"header `{name.removeprefix('HTTP_').replace('_', '-').title()}`"
        elif name == "QUERY_STRING":
            yield from (f"query parameter `{job}`" for job in _query(field(before, name), field(after, name)))
        else:
            yield f"`{name}` of the request"
    if encode(field(old, "body")) != encode(field(new, "body")):
        yield "body of the request"


def _cookies(old: Tree, new: Tree) -> list[str]:
    try:
        before, after = SimpleCookie(str(old)), SimpleCookie(str(new))
    except CookieError:
        return ["?"]
    found = [name for name in before if name not in after or before[name].value != after[name].value]
    return found or ["?"]


def _query(old: Tree, new: Tree) -> list[str]:
    before, after = (parse_qsl(str(text), keep_blank_values=True) for text in (old, new))
    return [name for (name, value), (_name, other) in zip(before, after, strict=False) if value != other]


def _of_exchanges(trace: Trace, again: Trace) -> Iterator[str]:
    for old, new in zip(trace.exchanges, again.exchanges, strict=True):
        if encode(old.answer) != encode(new.answer) or [*map(encode, old.items)] != [*map(encode, new.items)]:
            yield f"answer of {old.boundary} {old.resource}".rstrip()


def _of_variables(trace: Trace, again: Trace) -> Iterator[str]:
    for name, value in trace.variables.items():
        if again.variables.get(name) != value:
            yield f"environment variable `{name}`"


def _differing_keys(old: Tree, new: Tree) -> list[str]:
    if not (isinstance(old, DictNode) and isinstance(new, DictNode)):
        return []
    pairs = zip(old.keys, old.values, new.values, strict=False)
    return [str(key) for key, before, after in pairs if encode(before) != encode(after)]
