"""Fidelity: whether base's replay of a trace is what was recorded, and if not, what most likely keeps it from that.

Base may only speak for a trace that it reproduces: the same kind of outcome, the same exception, the recorded arms,
the recorded exchanges, the same values but for those that are volatile or redacted. Anything else is no evidence,
however alike base and candidate fail.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from ...recorders.model.branches import Arm, FunctionName
from ...recorders.model.trace import Trace
from ...recorders.model.value_tree import BytesNode, ObjectNode, StandardNode
from ...recorders.privacy.source_literals import without_secrets
from ..change.shared_state import writers_for
from ..change.versions import Versions
from ..compare.observations import compare
from ..compare.redacted_parts import RedactedParts, outside_redacted
from ..compare.volatile import Mask, Volatile
from ..execute.printed import as_recorded
from ..model.difference import Difference, DifferenceKind
from ..model.job import Observed, StateUse
from ..model.observation import ENTRY_GONE, Observation
from ..model.reason import NO_REASON, Reason, ReasonCode, StopCode, because
from ..model.render import both_short, short

CAUSES_NAMED = 2
"""Likely causes that are named of one trace: the third is hardly ever the one, and the line is to be read."""

REDACTED_NAMED = 3
"""Redacted parts that are named in a cause: it is to be read."""


NO_STATE = StateUse()


class RecordingCheck:
    """Compares what base replayed with what was recorded."""

    def __init__(self, sources: Mapping[str, str], recorded: Mapping[str, str], redacted: RedactedParts) -> None:
        """`sources` are the included modules of base by name, `recorded` those that were recorded."""
        self._sources = sources
        self._redacted = redacted
        known = {module: without_secrets(text) for module, text in sources.items() if module in recorded}
        self._since = Versions({module: without_secrets(text) for module, text in recorded.items()}, known)

    def of_stopped(self, trace: Trace, shown: Observed) -> Reason:
        """Why a replay of base that came to no outcome did not."""
        reason = shown.reason or "it ended without an outcome"
        if shown.ended == "error":
            return because(ReasonCode.APPLICATION, f"base gives no answer: {reason}")
        if shown.stop == StopCode.INPUT:
            return because(ReasonCode.INPUT, reason)
        if shown.stop == StopCode.REFUSED:
            return because(ReasonCode.REFUSED, reason)
        if shown.stop == StopCode.UNRECORDED:
            likely = self._likely(trace, trace.functions, shown.state)
            return Reason(
                ReasonCode.UNRECORDED,
                f"{reason}{_and_likely(likely)}",
                "",
                (likely or because(ReasonCode.UNRECORDED, "")).cure,
            )
        if shown.stop == StopCode.GAP:
            return because(ReasonCode.RECORDING, reason)
        return because(ReasonCode.UNEXPLAINED, f"base gives no answer: {reason}")

    def deviations(
        self, trace: Trace, recorded: Observation, base: Observation, masks: Sequence[Mask], *, fallbacks: int
    ) -> list[Difference]:
        """In what base's outcome is not what was recorded; empty where it is.

        `recorded` is the recorded observation in base's terms (folders hidden); `fallbacks` says how many exchanges
        other traces answered: what a warm cache kept from being asked when it was recorded is no difference.
        """
        differing = compare(recorded, as_recorded(base), Volatile(masks))
        found = [part for part in differing if not _is_rest_of_one_stream(part)]
        if fallbacks:
            found = [difference for difference in found if difference.kind is not DifferenceKind.CALL_ADDED]
        return outside_redacted(found, self._redacted.fields(trace, base)) if found else []

    def of_outcome(
        self, trace: Trace, base: Observation, deviations: Sequence[Difference], prepared: StateUse = NO_STATE
    ) -> Reason:
        """Why base's outcome is not what was recorded; falsy where it is. `prepared` is how its state was."""
        if is_gone(base):
            return because(ReasonCode.GONE, f"its entry is gone at base: {trace.entry}")
        if not deviations:
            return NO_REASON
        likely = self._likely(trace, trace.functions, prepared)
        shown = _shown(deviations[0])
        if not likely:
            return because(ReasonCode.UNEXPLAINED, "nothing that the recording holds explains it", shown)
        return Reason(likely.code, likely.cause, shown, likely.cure)

    def of_path(
        self,
        trace: Trace,
        recorded: Sequence[Arm],
        replayed: Collection[object],
        prepared: StateUse = NO_STATE,
    ) -> Reason:
        """Why base did not take the recorded arms; falsy where it took them all, whatever others it took.

        A replay starts cold: what a cache answered when it was recorded may be computed in full, by arms that the
        recording does not have. And base may be newer than the recording: of a function that changed since, no arm is
        asked for, nor of one that base does not run any more where the trace ran such a function. What base shows is
        compared all the same.
        """
        since = any(map(self._since.differs, trace.functions))
        ran = {str(identity[0]) for identity in replayed if isinstance(identity, tuple)} if since else set()

        def is_asked_for(arm: Arm) -> bool:
            function = arm.branch.function
            return not since or (function in ran and not self._since.differs(function))

        missing = [arm for arm in recorded if arm.identity not in replayed and is_asked_for(arm)]
        if not missing:
            return NO_REASON
        function = missing[0].branch.function
        shown = f"recorded that {missing[0].words()} in {function}, which no replay reaches"
        likely = self._likely(trace, [*trace.functions, function], prepared)
        return Reason(likely.code, likely.cause, shown, likely.cure) if likely else because(ReasonCode.PATH, "", shown)

    def _likely(self, trace: Trace, functions: Sequence[FunctionName], prepared: StateUse) -> Reason:
        """What most likely keeps base from the recorded outcome, the likeliest first; falsy where nothing is known."""
        state = [*_unprepared(prepared)] or self._state(functions)
        found = [*self._changed(functions), *self._redacted_inputs(trace), *state][:CAUSES_NAMED]
        if not found:
            return NO_REASON
        return Reason(found[0].code, ", or ".join(reason.cause for reason in found), "", found[0].cure)

    def _changed(self, functions: Sequence[FunctionName]) -> Iterator[Reason]:
        changed = next((function for function in reversed(functions) if self._since.differs(function)), None)
        if changed is not None:
            yield because(ReasonCode.CHANGED, f"it runs {_dotted(changed)}, which changed since the recording")

    def _redacted_inputs(self, trace: Trace) -> Iterator[Reason]:
        if self._redacted.are_unreadable(trace):
            parts = self._redacted.inputs(trace) or ["value"]
            more = f" and {len(parts) - REDACTED_NAMED} more" if len(parts) > REDACTED_NAMED else ""
            said = f"it computes with the redacted {', '.join(parts[:REDACTED_NAMED])}{more}"
            yield Reason(ReasonCode.REDACTED, said, "", self._redacted.cure(trace))

    def _state(self, functions: Sequence[FunctionName]) -> Iterator[Reason]:
        for state, function in writers_for(functions, self._sources)[:1]:
            yield because(ReasonCode.STATE, f"it reads {state}, which an earlier call of {_dotted(function)} set")


def _unprepared(prepared: StateUse) -> Iterator[Reason]:
    """State that was found otherwise than after the import, and could not be made again."""
    for place, fault in prepared.faults.items():
        yield because(ReasonCode.STATE, f"{_dotted(place)} was set before it, and cannot be put back: {fault}")


def is_gone(observation: Observation) -> bool:
    """Whether what was observed is that the entry does not exist."""
    return isinstance(observation.value, ObjectNode) and observation.value.cls == ENTRY_GONE


def _is_rest_of_one_stream(difference: Difference) -> bool:
    """Whether two streams have the same left to read: of a file no more than that is recorded."""
    match difference.base, difference.candidate:
        case StandardNode(kind="textstream" | "bytestream"), StandardNode(kind="textstream" | "bytestream"):
            return _rest(difference.base) == _rest(difference.candidate)
        case _:
            return False


def _rest(stream: StandardNode) -> str | bytes | None:
    match stream.parts:
        case [str() as text, int() as position]:
            return text[position:]
        case [BytesNode(data=data), int() as position]:
            return data[position:]
        case _:
            return None


def _dotted(function: FunctionName) -> str:
    return function.replace(":", ".")


def _and_likely(likely: Reason) -> str:
    return f"; likely {likely.cause}" if likely else ""


def _shown(difference: Difference) -> str:
    field = difference.field
    if field == "response.status":
        return f"recorded {short(difference.base)}, replayed {short(difference.candidate)}"
    if difference.kind is DifferenceKind.CALL_MISSING:
        return f"{difference.label} was recorded, and is not replayed"
    if difference.kind is DifferenceKind.CALL_ADDED:
        return f"{difference.label} is replayed, and was not recorded"
    recorded, replayed = both_short(difference.base, difference.candidate, 40)
    return f"{field}: recorded {recorded}, replayed {replayed}"
