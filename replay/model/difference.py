"""Differences: the fields in which candidate and base do not show the same."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, NamedTuple, TypeAlias

from ...recorders.model.value_tree import GlobalNode, Tree

ABSENT = GlobalNode("absent")
"""Represents a side that has nothing there."""

DifferencePart: TypeAlias = Literal["response", "return", "exception", "mutation", "outbound"]
"""What a difference is a part of, in the word of reports and of the file of acceptances."""


class DifferenceKind(StrEnum):
    """What differs."""

    RESPONSE = "response"
    RETURN = "return"
    EXCEPTION = "exception"
    """A part of an exception, or that there is one on one side only."""
    MUTATION = "mutation"
    """What became of an argument."""
    CALL_ADDED = "call added"
    """An outbound call that only the candidate makes."""
    CALL_MISSING = "call missing"
    """One that only base makes."""
    CALL_CHANGED = "call changed"
    """A part of what is asked for."""
    CALL_ORDER = "call order"
    """Writes to one resource come in another order."""
    CALL_REFUSED = "call refused"
    """The candidate tried to leave the process where base did not."""

    @property
    def part(self) -> DifferencePart:
        """What it is a part of."""
        match self:
            case DifferenceKind.RESPONSE:
                return "response"
            case DifferenceKind.RETURN:
                return "return"
            case DifferenceKind.EXCEPTION:
                return "exception"
            case DifferenceKind.MUTATION:
                return "mutation"
            case _:
                return "outbound"

    @property
    def is_outbound(self) -> bool:
        """Whether it is about a call to a system behind the service."""
        return self.part == "outbound"


WHOLE_CALLS: dict[DifferenceKind, str] = {
    DifferenceKind.CALL_ADDED: "extra call",
    DifferenceKind.CALL_MISSING: "missing call",
    DifferenceKind.CALL_ORDER: "order",
}
"""How a difference of a call as a whole is named in its field: `POST fraud/validate: missing call`."""


def call_field(kind: DifferenceKind, label: str) -> str:
    """The field of a difference of a call as a whole."""
    return f"{label}: {WHOLE_CALLS[kind]}"


class Difference(NamedTuple):
    """One field in which candidate and base differ."""

    kind: DifferenceKind
    field: str
    base: Tree
    candidate: Tree
    position: int | None = None
    """Of an outbound difference: position of the call, in the candidate's calls or, for a missing one, the base's."""
    base_position: int | None = None
    """Of an outbound difference: position in the base's calls, where it has one."""
    label: str = ""
    """Of a difference of a call as a whole: the call in words."""

    @property
    def is_other_exception(self) -> bool:
        """Whether one side raised what the other did not."""
        return self.kind is DifferenceKind.EXCEPTION and self.field == self.kind.part
