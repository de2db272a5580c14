"""This file is about the engine: it holds everything that replaying a baseline in this process needs, wired once."""

from __future__ import annotations

import datetime
import importlib
import os
import tempfile
from collections.abc import Sequence
from types import CodeType
from typing import NamedTuple

import msgspec

from ..recorders import context
from ..recorders.assemble import Paths
from ..recorders.boundaries.catalogue import Hooks, install_boundaries
from ..recorders.errors import RuntimeBaselineError
from ..recorders.included import ImportWatcher, Included
from ..recorders.patching import Undos
from ..recorders.store.protocol import BaselineReader, Revision, StoredClass, StoredTrace
from ..recorders.trace import Trace
from ..recorders.tracing.choose import choose_tracer
from ..recorders.value_tree import OpaqueNode
from .building import Building
from .calls import CalledNames
from .closed import Closed
from .compare import Difference, compare, outbound_differences, unknown_part
from .locate import Evidence, Locator
from .naming import ClassName, file_name, name_classes
from .observation import Observation, Outbound, outbound_of, recorded_observation
from .reach import Reach, executable_lines
from .rebuild import Resolver
from .show import as_json, short
from .verdict import ClassVerdict, FieldDifference, Location, TraceVerdict
from .versions import Versions
from .worker import Applications, EntryUnavailable, Replay, Worker

UNFAITHFUL = (
    "it computes with a redacted value: the code that it ran has not changed since the recording, "
    "and yet does not give the recorded outcome"
)


class CannotReplay(RuntimeBaselineError):
    """The code under test cannot be replayed at all; the message says why and what to do."""


class BlindSpot(msgspec.Struct, frozen=True):
    """A changed line that no replay reached."""

    file: str
    line: int
    source: str


class Group(NamedTuple):
    """One path class with its name: the content of one item."""

    stored: StoredClass
    name: ClassName
    module: str


class Engine:
    """Replays a baseline on the code under test, in this process."""

    def __init__(
        self,
        reader: BaselineReader,
        *,
        include: Sequence[str],
        app: str,
        boundaries: Sequence[str],
        root: str,
    ) -> None:
        self._reader = reader
        self._include = tuple(include)
        self._root = root
        self._boundaries = tuple(boundaries)
        self._entries = reader.entries()
        self._revisions = reader.revisions()
        self._included = Included(include)
        self._codes: list[CodeType] = []
        self._tracer = choose_tracer(self._fault, self._included)
        self._undos = Undos()
        self._hooks = Hooks(self._undos, self._fault)
        self._scratch = tempfile.TemporaryDirectory(prefix="pytest-runtime-")
        self._closed = Closed(self._scratch.name)
        latest = self._revisions[max(self._revisions)] if self._revisions else None
        self._building = Building(latest.variables if latest is not None else {}, self._closed)
        called = CalledNames(self._included.modules, self._included.sources)
        resolver = Resolver(include)
        applications = Applications(app, self._building, resolver)
        self._worker = Worker(resolver, self._included.modules, applications, called)
        self._paths = Paths(self._included)
        self._versions: dict[int, Versions] = {}
        self._reach: Reach | None = None
        self._changed: dict[str, frozenset[int]] = {}
        self.faults: list[str] = []
        self.import_faults: dict[str, str] = {}

    def _fault(self, fault: BaseException) -> None:
        self.faults.append(f"{type(fault).__name__}: {fault}")

    # --- starting and stopping ---

    def start(self) -> None:
        """Put the boundaries in place; from here on, included modules are known as they are imported."""
        install_boundaries(self._undos, self._hooks, self._boundaries)
        self._undos.add(context.follow_threads(self._tracer.prepare))
        watcher = ImportWatcher(
            self._included, on_codes=self._saw_codes, on_module=lambda module: None, on_fault=self._fault
        )
        self._undos.add(watcher.install())
        self._undos.add(self._closed.install())

    def _saw_codes(self, codes: list[CodeType]) -> None:
        self._codes.extend(codes)
        self._tracer.register(codes)
        if self._reach is not None:
            self._reach.watch(codes)

    def load(self) -> None:
        """Import the included packages and the recorded modules; raises `CannotReplay` when a package is missing."""
        with self._building():
            for package in self._include:
                try:
                    importlib.import_module(package)
                except Exception as error:
                    raise CannotReplay(
                        f"cannot import the included package {package!r}: {type(error).__name__}: {error}. "
                        "Install it in this environment, or put its folder on the path (pytest's `pythonpath`)"
                    ) from error
            for module in self._latest_sources():
                self._load_module(module)
        self._reach = self._watch()

    def _load_module(self, module: str) -> None:
        if module.rpartition(".")[2] == "__main__" or not self._included.covers(module):
            return  # importing the one would run the service; the other is not for a baseline to name
        try:
            importlib.import_module(module)
        except Exception as error:  # noqa: BLE001 - its entries come to the verdict `error`, with this reason
            self.import_faults[module] = f"{type(error).__name__}: {error}"

    def _latest_sources(self) -> dict[str, str]:
        return dict(self._revisions[max(self._revisions)].sources) if self._revisions else {}

    def _present_sources(self) -> dict[str, str]:
        return {module: self._included.sources.get(file, "") for file, module in self._included.modules.items()}

    def _watch(self) -> Reach:
        versions = Versions(self._latest_sources(), self._present_sources())
        lines = {
            file: versions.changes[module].lines
            for file, module in self._included.modules.items()
            if module in versions.changes
        }
        reach = Reach(lines)
        reach.watch(self._codes)
        self._changed = lines
        return reach

    def stop(self) -> None:
        """Take everything away."""
        self._hooks.stop()
        self._undos.run()
        self._tracer.stop()
        if self._reach is not None:
            self._reach.stop()
        self._reader.close()
        self._scratch.cleanup()

    # --- about the baseline ---

    @property
    def location(self) -> str:
        """Where the baseline lies."""
        return self._reader.location

    def counters(self) -> dict[str, int]:
        """What its recorder counted."""
        return self._reader.counters()

    def describe(self, name: str) -> str:
        """The baseline in a line."""
        if not self._revisions:
            return f"baseline {name}, empty"
        latest = self._revisions[max(self._revisions)]
        when = datetime.datetime.fromtimestamp(latest.recorded, datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
        commit = f", commit {latest.commit[:12]}" if latest.commit else ""
        return f"baseline {name}, recorded {when} on Python {latest.python}{commit}"

    # --- items ---

    def groups(self) -> list[Group]:
        """Every path class of the baseline, in a fixed order."""
        classes = self._reader.classes()
        names = name_classes(classes)
        return [
            Group(one, names[one.entry, one.path], file_name(self._entries[one.entry].module))
            for one in classes
            if one.entry in self._entries
        ]

    def where(self, group: Group) -> tuple[str, int]:
        """File and line of the application that an item is about."""
        functions = [arm.branch.function for arm in group.stored.description.arms]
        entry = self._entries[group.stored.entry]
        for wanted in (entry.target, *functions):
            for code in self._codes:
                module = self._included.modules.get(code.co_filename, "")
                if f"{module}:{code.co_qualname}" == wanted:
                    return code.co_filename, code.co_firstlineno
        for file, module in self._included.modules.items():
            if module == entry.module:
                return file, 1
        return self._root, 1

    # --- judging ---

    def judge(self, group: Group, *, only: str = "") -> tuple[ClassVerdict, list[Replay]]:
        """Replay the kept traces of a class (or those whose id begins with `only`) and judge each."""
        stored = group.stored
        verdicts, replays = [], []
        for trace in self._reader.traces(entry=stored.entry, path=stored.path):
            if trace.id.startswith(only):
                verdict, replay = self._judge(stored, trace)
                verdicts.append(verdict)
                replays += [replay] if replay is not None else []
        judged = ClassVerdict(
            stored.entry, stored.path, group.name.item, group.name.words, stored.count, tuple(verdicts)
        )
        return judged, replays

    def _judge(self, group: StoredClass, stored: StoredTrace) -> tuple[TraceVerdict, Replay | None]:
        trace = stored.trace
        if trace is None:
            return TraceVerdict(stored.id, "not judged", stored.fault), None
        if trace.gaps:
            return TraceVerdict(stored.id, "not judged", f"the recording has a gap: {'; '.join(trace.gaps)}"), None
        try:
            return self._judge_trace(group, stored, trace)
        except EntryUnavailable as reason:
            return TraceVerdict(stored.id, "error", str(reason)), None
        except Exception as error:  # noqa: BLE001 - one trace is lost and named, never the run
            return TraceVerdict(stored.id, "error", f"the replay itself failed: {type(error).__name__}: {error}"), None

    def _judge_trace(self, group: StoredClass, stored: StoredTrace, trace: Trace) -> tuple[TraceVerdict, Replay | None]:
        replay = self._replay(stored, trace)
        base = recorded_observation(trace)
        differences = _differences(base, replay)
        if differences is None:
            reason = replay.stopped.reason if replay.stopped is not None else "the replay ended without an outcome"
            return TraceVerdict(stored.id, "not judged", reason), replay
        if not differences:
            if isinstance(base.value, OpaqueNode) and not base.outbound:
                reason = f"its outcome was not captured: {base.value.cls.replace(':', '.')}: {base.value.reason}"
                return TraceVerdict(stored.id, "not judged", reason), replay
            unknown = _unknown(base, replay)
            return TraceVerdict(stored.id, "not judged" if unknown else "same", unknown), replay
        if trace.redacted and not self._versions_of(stored.revision).may_have_reached(trace.functions):
            return TraceVerdict(stored.id, "not judged", UNFAITHFUL), replay
        location = self._locate(group, stored, trace, base, differences)
        fields = tuple(map(_field, differences))
        return TraceVerdict(stored.id, "diverged", "", fields, location), replay

    def _replay(self, stored: StoredTrace, trace: Trace, *, traced: bool = False) -> Replay:
        entry = self._entries[stored.entry]
        if self._reach is None or traced:
            return self._worker.replay(entry, trace, tracer=self._tracer if traced else None)
        with self._reach.replaying():
            return self._worker.replay(entry, trace)

    def replay_again(self, trace_id: str) -> Replay | None:
        """Replay one kept trace once more, for a debugger."""
        for stored in self._reader.traces():
            if stored.id == trace_id and stored.trace is not None:
                return self._replay(stored, stored.trace)
        return None

    def _locate(
        self,
        group: StoredClass,
        stored: StoredTrace,
        trace: Trace,
        base: Observation,
        differences: list[Difference],
    ) -> Location | None:
        """Where it begins: the trace runs once more, traced."""
        again = self._replay(stored, trace, traced=True)
        self._tracer.rest()
        candidate = again.observation or Observation(base.kind, None, None, _asked(again))
        evidence = Evidence(
            trace=trace,
            path_class=group.description,
            arms=self._paths.arms(again.path.arms),
            path=again.path,
            base=base,
            candidate=candidate,
            differences=differences,
        )
        return self._locator(stored.revision).locate(evidence)

    def _versions_of(self, revision: int) -> Versions:
        if revision not in self._versions:
            known = self._revisions.get(revision) or Revision("", "", 0.0, {}, {})
            self._versions[revision] = Versions(known.sources, self._present_sources())
        return self._versions[revision]

    def _locator(self, revision: int) -> Locator:
        return Locator(self._versions_of(revision), self._included.modules, self._root)

    # --- blind spots ---

    def reached(self) -> dict[str, list[int]]:
        """Changed lines that replays ran, by file; plain data, so that it passes between processes."""
        if self._reach is None:
            return {}
        return {file: sorted(lines) for file, lines in self._reach.reached.items()}

    def blind_spots(self, reached: dict[str, list[int]]) -> list[BlindSpot]:
        """Changed lines inside functions that are not among the reached ones."""
        if self._reach is None:
            return []
        executable = executable_lines(self._codes)
        found = []
        for file, lines in sorted(self._changed.items()):
            text = self._included.sources.get(file, "").splitlines()
            shown = os.path.relpath(file, self._root) if file.startswith(self._root + os.sep) else file
            for line in sorted(lines & executable.get(file, set()) - set(reached.get(file, []))):
                found.append(BlindSpot(shown, line, text[line - 1].strip() if line <= len(text) else ""))
        return found

    def reach_unavailable(self) -> str:
        """Why blind spots cannot be told, or empty."""
        return self._reach.unavailable if self._reach is not None else ""


def _differences(base: Observation, replay: Replay) -> list[Difference] | None:
    """What differs; `None` when the replay gives no answer."""
    if replay.observation is not None:
        return compare(base, replay.observation)
    if replay.stopped is None or replay.stopped.kind != "unrecorded":
        return None
    # It stopped because it asked for something new: what it did not come to is not missing.
    found = outbound_differences(base.outbound, _asked(replay))
    return [one for one in found if not one.field.endswith("missing call")]


def _unknown(base: Observation, replay: Replay) -> str:
    """Why equality cannot be told although nothing differs, or empty."""
    candidate = replay.observation
    if candidate is None:
        return ""
    parts = (base.kind, base.value, candidate.value), ("arguments", base.arguments, candidate.arguments)
    for label, left, right in parts:
        found = unknown_part(left, right)
        if found is not None:
            path, mark = found
            return f"{label}{path} cannot be compared: {mark.cls.replace(':', '.')}: {mark.reason}"
    return ""


def _asked(replay: Replay) -> list[Outbound]:
    return outbound_of(replay.world.asked) if replay.world is not None else []


def _field(difference: Difference) -> FieldDifference:
    return FieldDifference(
        kind=difference.kind,
        field=difference.field,
        base=msgspec.Raw(msgspec.json.encode(as_json(difference.base))),
        candidate=msgspec.Raw(msgspec.json.encode(as_json(difference.candidate))),
        base_text=short(difference.base),
        candidate_text=short(difference.candidate),
    )
