"""Outbound calls of two runs: which represent each other, and in what they differ."""

from __future__ import annotations

from ...recorders.model.value_tree import Tree, encode
from ..model.difference import ABSENT, Difference, DifferenceKind, call_field
from ..model.observation import Outbound
from ..model.outbound_requests import canonical_key, described, label, operation_key
from ..model.reason import Reason
from .tolerance import NOTHING, FieldAt, Tolerance
from .tree_diff import tree_differences


def outbound_differences(
    base: list[Outbound], candidate: list[Outbound], tolerance: Tolerance = NOTHING
) -> list[Difference]:
    """Extra, missing, changed calls, and writes to one resource in another order."""
    found: list[Difference] = []
    partners = paired(base, candidate)
    for position, call in enumerate(candidate):
        partner = partners.get(position)
        if call.operation.effect == "session":
            continue
        name = label(call.operation, call.request)
        if partner is not None:
            found += _changed(name, base, partner, call, position, tolerance)
            continue
        request = described(call.operation, call.request)
        field = call_field(DifferenceKind.CALL_ADDED, name)
        if not tolerance.tolerates(FieldAt(field), ABSENT, request):
            found.append(Difference(DifferenceKind.CALL_ADDED, field, ABSENT, request, position, None, name))
    answered = set(partners.values())
    for position, call in enumerate(base):
        if position in answered or call.operation.effect == "session":
            continue
        name = label(call.operation, call.request)
        request = described(call.operation, call.request)
        field = call_field(DifferenceKind.CALL_MISSING, name)
        if not tolerance.tolerates(FieldAt(field, position), request, ABSENT):
            found.append(Difference(DifferenceKind.CALL_MISSING, field, request, ABSENT, position, position, name))
    return [*found, *_reordered(base, candidate, partners)]


def paired(base: list[Outbound], candidate: list[Outbound]) -> dict[int, int]:
    """Position of a candidate's call → position of the base's call that it represents.

    Calls that one recorded exchange answered represent each other; then those that say the same; then those of the
    same operation, in order.
    """
    partners: dict[int, int] = {}
    by_recorded = {call.matched: position for position, call in enumerate(base) if call.matched is not None}
    for position, call in enumerate(candidate):
        if call.matched in by_recorded and call.matched is not None:
            partners[position] = by_recorded[call.matched]
    for key in (_canonical, _operation):
        taken = set(partners.values())
        left: dict[object, list[int]] = {}
        for position, call in enumerate(base):
            if position not in taken:
                left.setdefault(key(call), []).append(position)
        for position, call in enumerate(candidate):
            if left and position not in partners and left.get(key(call)):
                partners[position] = left[key(call)].pop(0)
    return partners


def _canonical(call: Outbound) -> object:
    return canonical_key(call.operation, call.request)


def _operation(call: Outbound) -> object:
    return operation_key(call.operation, call.request)


def _changed(
    name: str, calls: list[Outbound], partner: int, candidate: Outbound, position: int, tolerance: Tolerance
) -> list[Difference]:
    base = calls[partner]
    if base.operation == candidate.operation and encode(base.request) == encode(candidate.request):
        return []
    left, right = described(base.operation, base.request), described(candidate.operation, candidate.request)

    def tolerates(path: str, old: Tree, new: Tree) -> Reason | None:
        return tolerance.tolerates(FieldAt(f"{name} {path.lstrip('.')}", partner), old, new)

    inside = tree_differences(left, right, tolerates)
    return [
        Difference(DifferenceKind.CALL_CHANGED, f"{name} {path.lstrip('.')}", old, new, position, partner)
        for path, old, new in inside
    ]


def _reordered(base: list[Outbound], candidate: list[Outbound], partners: dict[int, int]) -> list[Difference]:
    """Writes to one resource, within one thread of the trace, that come in another order."""
    last: dict[tuple[str, int], tuple[int, str]] = {}
    found = []
    for position, call in enumerate(candidate):
        partner = partners.get(position)
        if call.operation.effect != "write" or partner is None:
            continue
        lane = (call.operation.resource, base[partner].lane)
        name = label(call.operation, call.request)
        before = last.get(lane)
        if before is not None and before[0] > partner:
            kind, other = DifferenceKind.CALL_ORDER, before[1]
            sides = f"before {other}", f"after {other}"
            found.append(Difference(kind, call_field(kind, name), *sides, position, partner, name))
        else:
            last[lane] = (partner, name)
    return found
