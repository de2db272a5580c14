"""Effect lanes: the outbound calls of base and candidate beside each other, for whoever reads a divergence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..model.difference import Difference, DifferenceKind
from ..model.observation import Outbound
from ..model.outbound_requests import label
from ..model.render import both_short
from ..model.verdict import Effect, EffectKind
from .exchanges import paired

EFFECTS_SHOWN = 60
"""Calls that are shown of one trace: a page; those that differ come before those that do not."""


DETAILS_SHOWN = 3
"""Changed parts of one request: the others stand among the differences."""

DETAIL_WIDTH = 40
"""Characters of a changed part: two of them stand in a line."""


def effect_lanes(
    base: Sequence[Outbound], candidate: Sequence[Outbound], differences: Sequence[Difference]
) -> tuple[Effect, ...]:
    """The calls of both sides in the candidate's order, missing ones where base made them; none where none differs.

    `differences` are what was found of the trace: they say which calls count as extra, missing, changed or moved.
    """
    outbound = [difference for difference in differences if difference.kind.is_outbound]
    if not outbound:
        return ()
    lanes = list(_lanes(list(base), list(candidate), outbound))
    if len(lanes) <= EFFECTS_SHOWN:
        return tuple(lanes)
    room = EFFECTS_SHOWN - sum(effect.kind != "same" for effect in lanes)
    kept = []
    for effect in lanes:
        if effect.kind != "same" or room > 0:
            kept.append(effect)
            room -= effect.kind == "same"
    return tuple(kept[:EFFECTS_SHOWN])


def _lanes(base: list[Outbound], candidate: list[Outbound], differences: Sequence[Difference]) -> Iterator[Effect]:
    missing = {one.position for one in differences if one.kind is DifferenceKind.CALL_MISSING}
    kinds, details = _kinds(differences), _details(differences)
    partners = paired(base, candidate)
    done = 0
    for position, call in enumerate(candidate):
        partner = partners.get(position)
        if partner is not None:
            yield from _missing(base, range(done, partner), missing)
            done = max(done, partner + 1)
        kind = kinds.get(position, "same" if partner is not None else "extra")
        left = _words(base[partner]) if partner is not None and kind != "extra" else ""
        yield Effect(kind, left, _words(call), call.operation.effect, details.get(position, ()))
    yield from _missing(base, range(done, len(base)), missing)


def _missing(base: list[Outbound], positions: range, missing: set[int | None]) -> Iterator[Effect]:
    for position in positions:
        if position in missing:
            yield Effect("missing", _words(base[position]), "", base[position].operation.effect)


def _kinds(differences: Sequence[Difference]) -> dict[int, EffectKind]:
    """Position among the candidate's calls → what is different about the call."""
    names: dict[DifferenceKind, EffectKind] = {
        DifferenceKind.CALL_ORDER: "moved",
        DifferenceKind.CALL_CHANGED: "changed",
        DifferenceKind.CALL_REFUSED: "refused",
        DifferenceKind.CALL_ADDED: "extra",
    }
    return {one.position: names[one.kind] for one in differences if one.position is not None and one.kind in names}


def _details(differences: Sequence[Difference]) -> dict[int, tuple[str, ...]]:
    """Position among the candidate's calls → what of the request changed."""
    found: dict[int, list[str]] = {}
    for one in differences:
        if one.kind is DifferenceKind.CALL_CHANGED and one.position is not None:
            base, candidate = both_short(one.base, one.candidate, DETAIL_WIDTH)
            found.setdefault(one.position, []).append(f"{one.field.rpartition(' ')[2]}: {base} → {candidate}")
    return {position: tuple(details[:DETAILS_SHOWN]) for position, details in found.items()}


def _words(call: Outbound) -> str:
    return label(call.operation, call.request)
