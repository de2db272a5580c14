"""Lending: an exchange that one trace lacks, answered from another trace of the baseline.

A trace that found its cache filled did not ask; replayed alone it does. The same operation with the same exact
request, recorded in another trace, answers it, on base and candidate alike; every such answer is counted.
"""

from __future__ import annotations

from collections.abc import Iterable

from ...recorders.model.trace import Exchange, Trace
from ...recorders.model.value_tree import Tree
from ...recorders.model.world import Operation
from ..model.outbound_requests import exact_key


class ResponseFallback:
    """All exchanges of a baseline, by exact request."""

    def __init__(self, traces: Iterable[Trace]) -> None:
        self._known: dict[bytes, list[tuple[float, Exchange]]] = {}
        for trace in traces:
            for exchange in trace.exchanges:
                operation = Operation(exchange.boundary, exchange.operation, exchange.resource, exchange.effect)
                known = self._known.setdefault(exact_key(operation, exchange.request), [])
                known.append((trace.started, exchange))
        for known in self._known.values():
            known.sort(key=lambda pair: pair[0])

    def find(self, operation: Operation, request: Tree, started: float) -> Exchange | None:
        """The answer of the nearest earlier trace, else of the nearest later one; `None` where no other trace asked.

        The trace that started then answers nothing of its own: asking once more than it did is a difference.
        """
        known = [pair for pair in self._known.get(exact_key(operation, request), []) if pair[0] != started]
        if not known:
            return None
        earlier = [exchange for when, exchange in known if when < started]
        return earlier[-1] if earlier else known[0][1]
