"""What exploring adds to the process that replays: code with call probes, probes of calls, and answers to trials."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from types import CodeType

import msgspec

from ....recorders.model.value_tree import Tree
from ...execute.child_process import StartChild
from ...execute.extension import Extension, Handler, Parts, Probe
from ...execute.masking import OpenedTrace
from ...world.rebuild import build
from .call_probes import CallProbes, call_probes, with_call_probes
from .inner_calls import ObservedCall, Probed, Substitution, decode_probe, encode
from .trial_process import TrialHandler
from .trial_runner import TrialRunner

TRIALS = "trials"
"""Name of the handler that answers a `TrialBatch`."""


class _CallsProbe:
    """The calls that the probes saw while a trace was replayed."""

    def __init__(self, probes: CallProbes) -> None:
        self._probes = probes

    def trees(self) -> Sequence[Tree]:
        """Their arguments."""
        return [call.arguments for call in self._probes.calls]

    def answer(self, trees: Sequence[Tree]) -> bytes:
        """With these arguments."""
        pairs = zip(self._probes.calls, trees, strict=True)
        return encode(Probed([_with_arguments(call, tree) for call, tree in pairs], self._probes.substituted))


def _with_arguments(call: ObservedCall, arguments: Tree) -> ObservedCall:
    return msgspec.structs.replace(call, arguments=arguments)


class Exploring:
    """The extension."""

    def compile(self, source: str, module: str, file: str) -> CodeType:
        """With a call probe in the prologue of each function."""
        return with_call_probes(source, module, file)

    @contextmanager
    def probe(self, parts: Parts, request: bytes, given: OpenedTrace) -> Iterator[Probe]:
        """Reports calls inside, or substitutes the arguments of one."""
        asked = decode_probe(request)
        substitution = _with_values(asked.substitution, parts, given)
        call_probes.begin(asked.counts, substitution, parts.modules, partial(build, resolver=parts.resolver))
        try:
            yield _CallsProbe(call_probes)
        finally:
            call_probes.end()

    def handlers(self, parts: Parts, start: StartChild | None) -> Mapping[str, Handler]:
        """Trials."""
        return {TRIALS: TrialHandler(TrialRunner(parts), start, parts.use_fallback)}


def _with_values(substitution: Substitution | None, parts: Parts, given: OpenedTrace) -> Substitution | None:
    """With the values behind its pseudonyms."""
    if substitution is None:
        return None
    tree = parts.masks.values(given.key, given.trace).tree
    return msgspec.structs.replace(
        substitution, original=tree(substitution.original), arguments=tree(substitution.arguments)
    )


EXTENSION: Extension = Exploring()
