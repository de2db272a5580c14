"""Masking: a replay computes with the values that a recording hides, and shows their pseudonyms.

The process that replays opens the traces that it is given and redacts what it answers, by the rules and with the
session key of the recording: equal values get the pseudonyms that the recorder gave them, new ones those that it would
have given. So nothing behind it, reports, caches and files alike, ever holds a value in clear; and what was recorded,
what base shows and what the candidate shows are compared by pseudonyms.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

import msgspec

from ...recorders.errors import KeyProblem
from ...recorders.model.inputs import input_of
from ...recorders.model.trace import Exchange, Outcome, Trace, decode_trace
from ...recorders.model.value_tree import DictNode, Tree
from ...recorders.privacy.encryption import KeyId, Keyring, SessionKey
from ...recorders.privacy.known_secrets import Known
from ...recorders.privacy.redact import Redactor
from ...recorders.privacy.secret_parts import opened, opened_variables
from ...recorders.session.assemble import named_trees, with_named_trees
from ...recorders.store.protocol import BaselineReader
from ..model.job import Job
from ..model.observation import Observation, Outbound
from ..model.steps import Detail, Event

_Named: TypeAlias = tuple[str, Tree]


class OpenedTrace(NamedTuple):
    """What is replayed, with its values."""

    key: KeyId
    """The session key that hid them; empty where nothing was hidden, or the key is not at hand."""
    trace: Trace


HELD = "it computes with secrets, which are not written into tests"
"""Why there is no test of an input."""


def holds_secrets(keys: Iterable[SessionKey], data: bytes, trees: Iterable[Tree]) -> bool:
    """Whether parts of some trees stand for values that an encoded trace hides, and that replays compute with: whoever
    has the pseudonyms alone does not get the same result. Raises `KeyProblem`."""
    masks = Masks(Keyring(keys))
    key, trace = masks.opened(data)
    values = masks.values(key, trace)
    return any(values.tree(tree) is not tree for tree in trees)


class Masks:
    """The masks of one process: everything that was opened in it is masked in all that it says."""

    def __init__(self, keys: Keyring) -> None:
        self.keys = keys
        """What it opens secrets with."""
        self._redactors: dict[KeyId, Redactor] = {}
        self._known = Known()
        """Every secret that was opened so far."""

    def text(self, text: str) -> str:
        """Something that this process says."""
        return self._known.text(text)

    def text_about(self, job: Job, text: str) -> str:
        """Something that this process says of a job, of which it may have shown nothing yet."""
        try:
            key, trace = self.opened(job.data)
        except KeyProblem:
            return self.text(text)  # what cannot be opened was not computed with
        self.learn(key, named_trees(trace))
        return self.text(text)

    def learn(self, key: KeyId, pairs: Sequence[_Named]) -> None:
        """Mask from now on the secrets in values that were opened."""
        if key in self.keys:
            _trees, redaction = self._redactor(key).redact_together(pairs)
            self._known.learn(redaction.known)

    def learn_baseline(self, reader: BaselineReader) -> None:
        """The same of everything that a baseline hides; raises `KeyProblem`, `StoreError`."""
        for revision in reader.revisions().values():
            hidden = revision.key, revision.secrets
            self.learn_variables(revision.key, opened_variables(revision.variables, *hidden, self.keys))
        for stored in reader.traces():
            if stored.trace is not None:
                for data in (stored.data, *stored.producers.values()):
                    key, trace = self.opened(data)
                    self.learn(key, named_trees(trace))

    def learn_variables(self, key: KeyId, variables: Mapping[str, str | None]) -> None:
        """The same of environment variables."""
        self.learn(key, [("", DictNode(list(variables), list(variables.values())))])

    def given(self, job: Job) -> OpenedTrace:
        """What a job is about, with the values behind the pseudonyms; raises `KeyProblem`."""
        key, trace = self.opened(job.data)
        if not job.variant:
            return OpenedTrace(key, trace)
        variant = decode_trace(job.variant)
        asked = input_of(variant.input, self.values(key, trace).tree(variant.input.tree()))
        parts = {"entry": variant.entry, "kind": variant.kind, "input": asked, "producers": variant.producers}
        return OpenedTrace(key, msgspec.structs.replace(trace, **parts))

    def opened(self, data: bytes) -> tuple[KeyId, Trace]:
        """A stored trace with its values, and the key that hid them; raises `KeyProblem`."""
        stored = decode_trace(data)
        trace = opened(stored, self.keys)
        return (stored.key if trace is not stored else ""), trace

    def mask(self, given: OpenedTrace) -> SecretMask:
        """The mask of what was opened."""
        redactor = self._redactor(given.key) if given.key in self.keys else None
        return SecretMask(given.trace, redactor, self._known)

    def values(self, key: KeyId, trace: Trace) -> Known:
        """What gives the values of a trace for the pseudonyms that stand for them."""
        if key not in self.keys:
            return Known()
        _trees, redaction = self._redactor(key).redact_together(named_trees(trace))
        return redaction.known.inverse()

    def _redactor(self, key: KeyId) -> Redactor:
        if key not in self._redactors:
            session = self.keys.keys[key]
            self._redactors[key] = Redactor(session.pseudonym_key, names=session.names, keep=session.keep)
        return self._redactors[key]


class SecretMask:
    """Masks what the replay of one trace shows."""

    def __init__(self, trace: Trace, redactor: Redactor | None, known: Known) -> None:
        self._trace = trace
        self._redactor = redactor
        self._all = known

    def observation(self, seen: Observation, fallbacks: Sequence[Exchange] = ()) -> Observation:
        """An observation, as it may be shown."""
        return self.whole(seen, None, [], fallbacks)[0]

    def whole(
        self,
        seen: Observation,
        detail: Detail | None,
        further: Sequence[Tree],
        fallbacks: Sequence[Exchange] = (),
    ) -> tuple[Observation, Detail | None, list[Tree]]:
        """What a replay shows, as it may be shown; `further` are other values that were seen in it, and `fallbacks` the
        exchanges of other traces that answered it."""
        if self._redactor is None:
            return self._by_value(seen, detail, further)
        as_trace = _as_trace(self._trace, seen)
        beside = named_trees(self._trace)
        if fallbacks:
            beside += named_trees(msgspec.structs.replace(self._trace, exchanges=list(fallbacks)))
        own, steps = named_trees(as_trace), _named_steps(detail)
        pairs = [*own, *steps, *(("", tree) for tree in further)]
        trees, redaction = self._redactor.redact_together(pairs, beside)
        self._all.learn(redaction.known)
        shown = _as_observation(with_named_trees(as_trace, trees[: len(own)]), seen)
        given = iter(trees[len(own) :])
        shown_detail = _with_steps(detail, [next(given) for _ in steps])
        return self._by_value(shown, shown_detail, list(given))

    def _by_value(
        self, seen: Observation, detail: Detail | None, further: Sequence[Tree]
    ) -> tuple[Observation, Detail | None, list[Tree]]:
        """Without any value that this process opened, wherever it comes from."""
        if not self._all:
            return seen, detail, list(further)
        tree = self._all.tree
        outbound = [self._call(call) for call in seen.outbound]
        shown = Observation(seen.kind, tree(seen.value), tree(seen.arguments), outbound)
        steps = _with_steps(detail, [tree(value) for _name, value in _named_steps(detail)])
        return shown, steps, list(map(tree, further))

    def _call(self, call: Outbound) -> Outbound:
        resource = self._all.text(call.operation.resource)
        return call._replace(operation=call.operation._replace(resource=resource), request=self._all.tree(call.request))


def _as_trace(trace: Trace, seen: Observation) -> Trace:
    """A trace that shows what was observed, so that it is redacted as one."""
    exchanges = [
        Exchange(*call.operation, call.request, None, [], True, None, call.site, call.lane) for call in seen.outbound
    ]
    return msgspec.structs.replace(
        trace,
        outcome=Outcome(seen.kind, seen.value, seen.arguments),
        exchanges=exchanges,
        readings=[],
        calls=[],
        variables={},
        state=[],
    )


def _as_observation(shown: Trace, seen: Observation) -> Observation:
    outbound = [
        call._replace(operation=call.operation._replace(resource=exchange.resource), request=exchange.request)
        for call, exchange in zip(seen.outbound, shown.exchanges, strict=True)
    ]
    return Observation(seen.kind, shown.outcome.value, shown.outcome.arguments, outbound)


def _named_steps(detail: Detail | None) -> list[_Named]:
    """The values of the steps of a replay, each under the text that it is the value of."""
    events = detail.events if detail is not None else []
    return [(text or event.key, value) for event in events for text, value in event.values]


def _with_steps(detail: Detail | None, trees: Sequence[Tree]) -> Detail | None:
    if detail is None:
        return None
    given = iter(trees)
    events = [_with_values(event, [next(given) for _ in event.values]) for event in detail.events]
    return Detail(events, detail.truncated)


def _with_values(event: Event, values: Sequence[Tree]) -> Event:
    pairs = [(text, value) for (text, _old), value in zip(event.values, values, strict=True)]
    return msgspec.structs.replace(event, values=pairs)
