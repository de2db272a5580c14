"""Causes outside functions: the changed statement of a module or class through which a divergence is reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ...recorders.model.branches import FunctionName
from ...recorders.model.full_names import module_part, qualname_part
from ..change.alignment import Gone, Place
from ..change.loaded_statements import LoadedChange, names_reached
from ..change.versions import Versions
from ..model.difference import Difference
from ..model.render import both_cut
from ..model.steps import named
from .render_cause import ABSENT
from .suspect import Suspect, last_part

TEXT_SHOWN = 60
"""Characters of a statement: both sides stand in one line."""


class LoadedCauses(NamedTuple):
    """What changed outside functions, and what of it a trace can have come across."""

    versions: Versions
    ran: Mapping[FunctionName, None]
    """Included functions that ran, in words of the candidate."""
    differences: Sequence[Difference]

    def field_names(self) -> set[str]:
        """The last names of the fields that differ."""
        return {last_part(difference.field) for difference in self.differences} - {""}

    def behind(self, suspect: Suspect) -> Suspect:
        """Of a step whose own statement is as in base, the changed statement that sets what it uses; else the step.

        A decision with another arm shows more than that: both of its sides have the values of what changed.
        """
        if suspect.kind == "decision" or not suspect.place.uses:
            return suspect
        module = module_part(suspect.function)
        setting = [change for change in self.versions.loaded if change.names & suspect.place.uses]
        owners = names_reached(self.ran, self.versions.new, [module])
        fields = self.field_names()
        setting.sort(
            key=lambda change: (
                change.either.owner.rpartition(".")[2] not in owners,
                not change.is_about(fields),
                change.module != module,
            )
        )
        return self._at(setting[0], suspect) if setting else suspect

    def likeliest(self, effects: Sequence[Suspect]) -> Suspect | None:
        """Of a divergence that no changed code of a function shows: the statement outside that it is reached through.

        Without an effect that could be shown in its place, the likeliest is it; else only one that what ran can see.
        """
        modules = {change.module for change in self.versions.loaded}
        modules.update(module_part(name) for name in self.ran)
        names = names_reached(self.ran, self.versions.new, modules)
        linked = [change for change in self.versions.loaded if change.is_linked(names)]
        fields = self.field_names()
        known = sorted(
            linked if effects else self.versions.loaded,
            key=lambda change: (not change.is_about(fields), change not in linked, change.old is None),
        )
        return self._at(known[0], next(iter(effects), None)) if known else None

    def _at(self, change: LoadedChange, effect: Suspect | None) -> Suspect:
        old, new = (ABSENT if side is None else side.text for side in (change.old, change.new))
        base, candidate = both_cut(old, new, TEXT_SHOWN)
        if effect is not None and effect.base and effect.candidate:
            name = qualname_part(named(effect.function))
            base, candidate = f"{base}; {name}: {effect.base}", f"{candidate}; {name}: {effect.candidate}"
        function = f"{change.module}:{change.either.owner}"
        last = change.line if change.new is None else change.new.last
        place = Place(function, change.line, last, True)
        gone = Gone(function, change.old.first, False) if change.new is None and change.old is not None else None
        paths = effect.paths if effect is not None else ()
        paths = paths or tuple(difference.field for difference in self.differences)
        return Suspect("change", function, change.line, place, base, candidate, None, paths, gone=gone)
