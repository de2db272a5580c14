"""The place of a suspect, as a location that people and reports read."""

from __future__ import annotations

import os
from collections.abc import Mapping

from ...recorders.model.full_names import module_part
from ..change.alignment import Gone, Place
from ..change.versions import Versions
from ..model.steps import named
from ..model.verdict import Location
from .render_cause import happened
from .suspect import Suspect, last_part


def located(suspect: Suspect, versions: Versions, modules: Mapping[str, str], root: str) -> Location:
    """File, line and what happened there; `modules` maps files of the candidate to names."""
    module = module_part(suspect.function)
    files = {name: file for file, name in modules.items()}
    file = files.get(module, module)
    is_inside = file.startswith(root + os.sep)
    gone = suspect.gone or suspect.place.follows
    how = happened(suspect.kind, suspect.base, suspect.candidate)
    deleted = "" if gone is None else versions.old_line(module_part(gone.function), gone.line)
    return Location(
        file=os.path.relpath(file, root) if is_inside else file,
        line=changed_line(suspect, versions),
        function=named(suspect.function),
        condition=suspect.condition,
        how=f"deleted: {deleted}   {how}" if deleted else how,
        kind=suspect.kind,
        base=suspect.base,
        candidate=suspect.candidate,
        deleted=deleted,
        between=("", "") if gone is None else _around(versions, module, suspect.place, gone),
    )


def _around(versions: Versions, module: str, place: Place, gone: Gone) -> tuple[str, str]:
    """The lines of the candidate between which a statement is gone."""
    first = versions.line(module, place.first)
    if gone.is_last:
        return first, ""
    before = (versions.line(module, line) for line in range(place.first - 1, 0, -1))
    return next((text for text in before if text and not text.startswith("#")), ""), first


def changed_line(suspect: Suspect, versions: Versions) -> int:
    """Within a statement of several lines the one that changed, the one with the differing part if it can be known;
    else the line of the step."""
    module = module_part(suspect.function)
    change = versions.changes.get(module)
    if change is None or suspect.line in change.lines:
        return suspect.line
    place = suspect.place
    lines = [line for line in sorted(change.lines) if place.first <= line <= place.last]
    names = [last_part(path) for path in suspect.paths]
    for line in lines:
        text = versions.line(module, line)
        if any(name and name in text for name in names):
            return line
    return next(iter(lines), suspect.line)
