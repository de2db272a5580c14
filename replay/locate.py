"""This file is about location: the place in the code under test where a divergence begins.

In this order: the first decision whose arm differs; an `except` that only the code under test enters; the first
inner call that returned something else; the outbound call itself. A place in code that did not change is an effect:
where exactly code that the trace ran did change, that comes first.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..recorders.context import PathRecord
from ..recorders.naming import function_name
from ..recorders.thawing import capture
from ..recorders.trace import PathClass, Site, Trace
from ..recorders.tracing.branches import Arm, Branch, FunctionName
from .compare import Difference, tree_differences
from .observation import Observation
from .show import short
from .verdict import Location
from .versions import Versions


class _Place(NamedTuple):
    function: FunctionName
    line: int
    condition: str | None
    how: str


class Evidence(NamedTuple):
    """Everything that is known of a diverged trace."""

    trace: Trace
    path_class: PathClass
    arms: Sequence[Arm]
    """Of the code under test, by first occurrence."""
    path: PathRecord
    base: Observation
    candidate: Observation
    differences: Sequence[Difference]


class Locator:
    """Locates divergences of traces of one revision."""

    def __init__(self, versions: Versions, modules: Mapping[str, str], root: str) -> None:
        """`modules` maps files of included modules to their names."""
        self._versions = versions
        self._modules = modules
        self._files = {module: file for file, module in modules.items()}
        self._root = root

    def locate(self, evidence: Evidence) -> Location | None:
        """Where the divergence begins; `None` when nothing at all points anywhere."""
        places = [
            place
            for place in (
                self._decision(evidence),
                self._new_except(evidence),
                self._inner_call(evidence),
                self._outbound(evidence),
            )
            if place is not None
        ]
        in_change = [place for place in places if self._versions.changed_line(place.function) is not None]
        place = next(iter(in_change), None) or self._changed_function(evidence) or next(iter(places), None)
        place = place or self._entry(evidence)
        return self._location(place) if place is not None else None

    def _location(self, place: _Place) -> Location:
        module = place.function.partition(":")[0]
        file = self._files.get(module, module)
        inside = file.startswith(self._root + os.sep)
        return Location(
            os.path.relpath(file, self._root) if inside else file,
            place.line,
            place.function,
            place.condition,
            place.how,
        )

    def _decision(self, evidence: Evidence) -> _Place | None:
        """The first decision, in the order of the candidate's run, whose arm differs; else the first that is gone."""
        recorded = _in_order(evidence)
        base: dict[tuple[str, str, int], set[str]] = {}
        for arm in recorded:
            present = self._versions.branch(arm.branch)
            if present is not None:
                base.setdefault(present.identity, set()).add(arm.taken)
        candidate: dict[tuple[str, str, int], set[str]] = {}
        for arm in evidence.arms:
            candidate.setdefault(arm.branch.identity, set()).add(arm.taken)
        for arm in evidence.arms:
            taken = base.get(arm.branch.identity)
            if taken is not None and arm.taken not in taken:
                return _decided(arm.branch, taken, candidate[arm.branch.identity])
        for arm in recorded:
            present = self._versions.branch(arm.branch)
            if present is not None and present.identity in candidate and arm.taken not in candidate[present.identity]:
                return _decided(present, base[present.identity], candidate[present.identity])
        return None

    def _new_except(self, evidence: Evidence) -> _Place | None:
        known = {present.identity for arm in _in_order(evidence) if (present := self._versions.branch(arm.branch))}
        for arm in evidence.arms:
            branch = arm.branch
            caught = branch.condition.startswith("except") and arm.taken == "true"
            if caught and branch.identity not in known and self._versions.changed_line(branch.function) is not None:
                return _Place(branch.function, branch.line, branch.condition, "base: not there   candidate: caught")
        return None

    def _inner_call(self, evidence: Evidence) -> _Place | None:
        """The first inner call, both sides present, that returned something else."""
        base: dict[FunctionName, list[object]] = {}
        for call in evidence.trace.calls:
            base.setdefault(call.function, []).append(call.result)
        seen: dict[FunctionName, int] = {}
        for code, value in evidence.path.returns:
            function = function_name(code, self._modules)
            position = seen.get(function, 0)
            seen[function] = position + 1
            results = base.get(function, [])
            if position < len(results):
                left, right = results[position], capture(value)
                if tree_differences(left, right):  # type: ignore[arg-type]  # trees, both
                    line = self._versions.changed_line(function) or code.co_firstlineno
                    how = f"returned  base {short(left, 60)}   candidate {short(right, 60)}"  # type: ignore[arg-type]
                    return _Place(function, line, None, how)
        return None

    def _outbound(self, evidence: Evidence) -> _Place | None:
        for difference in evidence.differences:
            if difference.kind == "outbound" and difference.position is not None:
                missing = difference.field.endswith("missing call")
                calls = evidence.base.outbound if missing else evidence.candidate.outbound
                site = calls[difference.position].site
                if site is not None:
                    return self._at_site(site, missing, difference.field)
        return None

    def _at_site(self, site: Site, recorded: bool, field: str) -> _Place:
        changed = self._versions.changed_line(site.function)
        line = changed if recorded and changed is not None else site.line
        return _Place(site.function, line, None, f"outbound call: {field}")

    def _changed_function(self, evidence: Evidence) -> _Place | None:
        """The first function that changed among those that ran."""
        ran = [function_name(code, self._modules) for code in evidence.path.codes.values()]
        for function in dict.fromkeys([*ran, *evidence.trace.functions]):
            line = self._versions.changed_line(function)
            if line is not None:
                text = self._versions.line(function.partition(":")[0], line)
                return _Place(function, line, None, f"changed: {text}")
        return None

    def _entry(self, evidence: Evidence) -> _Place | None:
        code = next(iter(evidence.path.codes.values()), None)
        if code is None:
            return None
        return _Place(function_name(code, self._modules), code.co_firstlineno, None, "the entry's first function")


def _in_order(evidence: Evidence) -> list[Arm]:
    """The recorded arms in the trace's own order."""
    arms = evidence.path_class.arms
    order = evidence.trace.order
    return [arms[position] for position in order if position < len(arms)] if order else list(arms)


def _decided(branch: Branch, base: set[str], candidate: set[str]) -> _Place:
    how = f"base: {' and '.join(sorted(base))}   candidate: {' and '.join(sorted(candidate))}"
    return _Place(branch.function, branch.line, branch.condition, how)
