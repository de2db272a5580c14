"""What a recording says of itself at the end: its own process, and those that recorded with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing

from ..errors import StoreError
from ..model.absences import Absence, AbsenceKey, describe_unsampled, unrecorded, unsampled, why_empty
from ..options import RecordOptions
from ..store.open import open_reader
from ..store.processes import KEPT, NO_ENTRY, NOT_SAMPLED, RECORDED, Process, ended_silently
from .output import Output

SHOWN = 3
"""Processes that are named."""


class Summary:
    """The last words of a recording."""

    def __init__(
        self,
        options: RecordOptions,
        counts: Mapping[str, int],
        left_out: Mapping[AbsenceKey, int],
        output: Output,
        cpu: str,
    ) -> None:
        """Counts, what was left out, and output are those of this process; `cpu` says what recording took of it, or
        nothing."""
        self._options = options
        self._counts = counts
        self._absences = [Absence(*key, count) for key, count in sorted(left_out.items())]
        self._output = output
        self._cpu = cpu
        self._own = output.number
        self._others = self._of_run()

    def _of_run(self) -> dict[int, Process]:
        """The other processes of the run, by session."""
        if not self._options.run or self._output.lost:
            return {}
        try:
            with closing(open_reader(self._options.store)) as reader:
                found = reader.processes()
                if not self._output.traces:
                    self._absences = [one for one in reader.absences() if one.kind != NOT_SAMPLED]
        except StoreError:
            return {}
        run = self._options.run
        return {number: one for number, one in found.items() if one.run == run and number != self._own}

    def text(self) -> str:
        """One line, and more where nothing was recorded, or not everywhere."""
        others = list(self._others.values())
        recorded = [process for process in others if process.total(RECORDED)]
        traces = self._output.traces + sum(process.total(RECORDED) for process in recorded)
        kept = self._output.kept + sum(process.total(KEPT) for process in recorded)
        processes = len(recorded) + bool(self._output.traces)
        said = f"{traces} trace{'s' * (traces != 1)} recorded" + (f" in {processes} processes" * (processes > 1))
        line = (
            f"pytest-runtime: baseline {self._options.baseline!r}: {said}, "
            f"{kept} kept{self._not_sampled(others)}{self._losses(others)} → {self._options.store}"
        )
        why = "" if traces else why_empty(self._absences)
        more = [why, *self._gaps(), *_endings(others), self._cpu]
        return "\n".join([line, *(f"pytest-runtime: {said}" for said in more if said)])

    def _gaps(self) -> list[str]:
        found = unrecorded(self._absences)
        more = [f"{len(found) - SHOWN} more are not recorded: `pytest-runtime status` names them"]
        return [*found[:SHOWN], *(more if len(found) > SHOWN else [])]

    def _not_sampled(self, others: Sequence[Process]) -> str:
        found = unsampled(self._absences)
        for process in others:
            for entry, counted in process.counts.items():
                if entry != NO_ENTRY and counted.get(NOT_SAMPLED):
                    found[entry] = found.get(entry, 0) + counted[NOT_SAMPLED]
        said = describe_unsampled(dict(sorted(found.items(), key=lambda row: (-row[1], row[0]))))
        return said and f", {said}"

    def _losses(self, others: Sequence[Process]) -> str:
        lost = {name: count for name, count in self._counts.items() if name.startswith(("dropped", "fault"))}
        for process in others:
            for name, count in process.dropped.items():
                lost[name] = lost.get(name, 0) + count
        return "".join(f", {name} {count}" for name, count in sorted(lost.items())) or ", nothing dropped"


def _endings(processes: Sequence[Process]) -> list[str]:
    """What is said of processes that did not say that they ended."""
    silent = ended_silently(processes)
    working = [process for process in processes if not process.ended and process not in silent]
    said = []
    if silent:
        said.append(f"ended without a word: {_named(silent)}; what they had not written is counted as dropped")
    if working:
        said.append(f"still recording: {_named(working)}; `pytest-runtime status` says what they add")
    return said


def _named(processes: Sequence[Process]) -> str:
    more = f" and {len(processes) - SHOWN} more" if len(processes) > SHOWN else ""
    return ", ".join(f"process {process.pid} ({process.program})" for process in processes[:SHOWN]) + more
