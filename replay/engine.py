"""This file is about the engine: it holds everything that judging a candidate against a baseline needs, wired once."""

from __future__ import annotations

import ast
import datetime
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from ..recorders.model.absences import Absence
from ..recorders.model.branches import FunctionName
from ..recorders.model.trace import Trace, TraceId
from ..recorders.model.value_tree import field
from ..recorders.store.protocol import BaselineReader, StoredClass, StoredTrace
from .change.packages import Home
from .change.versions import Versions
from .compare.redacted_parts import KeysAtHand, cure_of
from .compare.summarise import field_of
from .compare.tolerance import NO_RULES, Rules
from .compare.unknown import unknown_parts
from .compare.volatile import count_leaves
from .execute.loader import CannotReplay, Loaded, Replayer
from .execute.masking import HELD, holds_secrets
from .execute.response_fallback import Lender
from .execute.roots import Roots, recorded_roots
from .judge.blind_spots import BlindSpot, Reach, changed_files
from .judge.gate import UnjudgedChange, UnreachedLine, lent_functions, unjudged_changes, unjudged_lines
from .judge.judge import Case, Doubts, Judge, Judgement
from .judge.oracle import Oracle, Setup, candidate_process, find_oracle, plan_of
from .judge.path_names import ClassName, file_name, name_classes
from .judge.seal import Fidelity, SealedTrace
from .judge.sealing import Runner, functions_recorded
from .judge.selection import touched_functions
from .locate.locate import Locating
from .model.job import Job, Observed, fingerprint
from .model.observation import parameters_of, recorded_observation
from .model.progress import Progress, Say, say_nothing
from .model.reason import Why, why
from .model.verdict import ClassVerdict, FieldDifference, Location, TraceVerdict

if TYPE_CHECKING:
    from .export.pytest_source import Plain

__all__ = ["BlindSpot", "CannotReplay", "Engine", "Group"]

TESTS = 2
"""Diverged traces of one path class that are written as tests."""

UNFAITHFUL = (
    "it computes with a redacted value: the code that it ran has not changed since the recording, "
    "and yet does not give the recorded outcome"
)


DeviationAccepted = Callable[[str, str, tuple[FieldDifference, ...]], bool]


class Group(NamedTuple):
    """One path class with its name: the content of one item."""

    stored: StoredClass
    name: ClassName
    module: str


class Engine:
    """Judges the working tree against base on a baseline."""

    def __init__(
        self,
        reader: BaselineReader,
        setup: Setup,
        *,
        settles: Callable[[str], Rules] = lambda entry: NO_RULES,
        everything: bool = False,
        always: bool = False,
        all_lines: bool = False,
        plain_tests: bool = False,
        make_candidate: Callable[[Setup, BaselineReader, Versions], Runner] = candidate_process,
        is_deviation_accepted: DeviationAccepted = lambda entry, path, differences: False,
    ) -> None:
        """`everything` selects every trace, whatever changed; `always` makes the seal even where nothing did, because
        single traces may be asked for; `all_lines` notes every line that a replay runs; `plain_tests` writes a test
        for each divergence.

        `settles` makes the project's own rules of comparison for an entry; `make_candidate` the candidate to judge.
        `is_deviation_accepted` says of an entry, a path and differences whether somebody reviewed that base, by now,
        differs so from what was recorded: then base speaks all the same.
        """
        self._reader = reader
        self._setup = setup
        self._settles = settles
        self._everything = everything
        self._always = always or everything
        self._all_lines = all_lines
        self._plain_tests = plain_tests
        self._make_candidate = make_candidate
        self._is_deviation_accepted = is_deviation_accepted
        self._keys = KeysAtHand(reader.keys(), frozenset(key.id for key in setup.keys))
        self._entries = reader.entries()
        self._roots = Roots(setup.root, *recorded_roots(reader, setup.root))
        self._oracle: Oracle | None = None
        self._candidate: Runner | None = None
        self._judge: Judge | None = None
        self._locating: Locating | None = None
        self._progress: Say = say_nothing
        self._replays = Progress("", 0, say_nothing)
        self._loaded = Loaded({}, {}, {}, [])
        self._places: dict[FunctionName, tuple[str, int]] | None = None
        self._stack = ExitStack()
        self.reach = Reach()
        self.import_faults: dict[str, str] = {}

    # --- about the baseline ---

    @property
    def location(self) -> str:
        """Where the baseline lies."""
        return self._reader.location

    def counters(self) -> dict[str, int]:
        """What its recorder counted."""
        return self._reader.counters()

    @property
    def wall(self) -> str:
        """What the operating system does not close off where the candidate runs; empty where the wall is whole, or
        nothing was loaded."""
        return self._loaded.wall

    def absences(self) -> list[Absence]:
        """What its recorder left out, and why; `unsampled` and `why_empty` in `recorders/model/absences.py` read it."""
        return self._reader.absences()

    def describe(self, name: str) -> str:
        """The baseline in a line."""
        revisions = self._reader.revisions()
        if not revisions:
            return f"baseline {name}, empty"
        latest = revisions[max(revisions)]
        when = datetime.datetime.fromtimestamp(latest.recorded, datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
        commit = f", commit {latest.commit[:12]}" if latest.commit else ""
        return f"baseline {name}, recorded {when} on Python {latest.python}{commit}"

    # --- what to do ---

    def prepare(self, say: Say = say_nothing, progress: Say = say_nothing) -> Oracle:
        """Find base and its seal, and what the change can have reached. Raises `BaseError`, `BaseUnavailable`."""
        if self._oracle is None:
            self._progress = progress
            self._oracle = find_oracle(self._setup, self._reader, say, always=self._always, progress=progress)
        return self._oracle

    @property
    def oracle(self) -> Oracle:
        """What the candidate is compared with; `prepare` comes first."""
        assert self._oracle is not None
        return self._oracle

    def groups(self) -> list[Group]:
        """Every path class of the baseline, in a fixed order."""
        classes = self._reader.classes()
        names = name_classes(classes)
        return [
            Group(one, names[one.entry, one.path], file_name(self._entries[one.entry].module))
            for one in classes
            if one.entry in self._entries
        ]

    def selected(self, trace: TraceId) -> str:
        """Why a trace is to be replayed, in words; empty where nothing that changed can have reached it."""
        oracle = self.oracle
        if self._everything:
            return "all were asked for"
        if not oracle.differs:
            return ""
        return oracle.selection.why(trace) if oracle.selection is not None else "there is no base to tell"

    def wanted(self, group: Group, only: str = "") -> list[TraceId]:
        """The traces of a class that are to be replayed: one that was asked for by name always is."""
        return [name for name in group.stored.kept.values() if (name.startswith(only) if only else self.selected(name))]

    # --- loading ---

    def load(self) -> Loaded:
        """Import the candidate, in its process; raises `CannotReplay` when an included package is missing."""
        self._candidate = self._make_candidate(self._setup, self._reader, self.oracle.versions)
        self._stack.callback(self._candidate.stop)
        self._loaded = self._candidate.load()
        self.import_faults = self._loaded.import_faults
        self.reach = Reach(changed_files(self._loaded, self.oracle.versions, self._setup.root))
        imported = [file for file, module in self._loaded.files.items() if module not in self.import_faults]
        self.reach.files = sorted(imported) if self._all_lines else []
        self._candidate.watch(None if self._all_lines else self.reach.interesting())
        self.reach.unavailable = self._candidate.reach_unavailable
        locating = self._stack.enter_context(
            Locating(self._setup, self._reader, self.oracle, self._loaded, say=self._progress)
        )
        self._locating = locating
        self._judge = Judge(
            self._candidate,
            doubts=self._doubts,
            settles=self._settles,
            traced=self.reach.decisions,
            against_recording=self.oracle.seal is None,
            ask_base=locating.ask_base,
        )
        self._judge.seen = self._saw
        return self._loaded

    def _doubts(self, trace: Trace) -> Doubts:
        versions = self.oracle.versions
        rereads = any(versions.differs(one.caller) for one in trace.readings if one.caller)
        return Doubts(rereads, versions.relaid)

    def place_of(self, function: FunctionName) -> tuple[str, int]:
        """File and line of a function."""
        if self._places is None:
            self._places = _places(self._setup.root, self.oracle.versions.new, self._setup.homes)
        return self._places.get(function, (self._setup.root, 1))

    def where(self, group: Group) -> tuple[str, int]:
        """File and line of the application that an item is about."""
        if self._places is None:
            self._places = _places(self._setup.root, self.oracle.versions.new, self._setup.homes)
        entry = self._entries[group.stored.entry]
        functions = [arm.branch.function for arm in group.stored.description.arms]
        for wanted in (entry.target, *functions, entry.module):
            if wanted in self._places:
                return self._places[wanted]
        return self._setup.root, 1

    # --- judging ---

    def judge(self, group: Group, *, only: str = "") -> ClassVerdict:
        """Replay the wanted traces of a class and judge each; `only` is what a trace's id must begin with."""
        stored = group.stored
        wanted = set(self.wanted(group, only))
        verdicts: dict[TraceId, TraceVerdict] = {}
        cases: list[Case] = []
        for trace in self._reader.traces(entry=stored.entry, path=stored.path):
            if trace.id in wanted and trace.id not in verdicts:
                case = self._case(trace)
                if isinstance(case, TraceVerdict):
                    verdicts[trace.id] = case
                else:
                    cases.append(case)
        assert self._judge is not None
        self._replays = Progress(f"replaying {stored.entry}", len(cases), self._progress)
        judgements = self._judge.judge(cases)
        verdicts.update(self._verdicts(stored, cases, judgements))
        judged = tuple(verdicts[name] for name in dict.fromkeys(stored.kept.values()) if name in verdicts)
        return ClassVerdict(stored.entry, stored.path, group.name.item, group.name.words, stored.count, judged)

    def _saw(self, observed: Observed) -> None:
        self.reach.saw(observed)
        self._replays.count()

    def _case(self, stored: StoredTrace) -> Case | TraceVerdict:
        trace, entry = stored.trace, self._entries[stored.entry]
        if trace is None:
            return _unreadable(stored.id, stored.fault)
        if trace.gaps:
            return _unreadable(stored.id, f"the recording has a gap: {'; '.join(trace.gaps)}")
        job = Job(stored.id, entry, stored.data, dict(stored.producers))
        seal = self.oracle.seal
        sealed = seal.trace(stored.id) if seal is not None else None
        if sealed is None:
            return Case(job, trace, _from_recording(stored.id, trace, self._roots))
        if (
            sealed.why
            and sealed.deviating
            and self._is_deviation_accepted(stored.entry, stored.path, sealed.deviations)
        ):
            sealed = msgspec.structs.replace(sealed, why=Why())
        return Case(job, trace, sealed)

    def _verdicts(
        self, group: StoredClass, cases: Sequence[Case], judgements: Sequence[Judgement]
    ) -> dict[TraceId, TraceVerdict]:
        found: dict[TraceId, TraceVerdict] = {}
        diverged: list[tuple[Case, Judgement]] = []
        for case, judgement in zip(cases, judgements, strict=True):
            if judgement.verdict == "diverged" and self._unfaithful(case):
                found_why = Why("redacted", UNFAITHFUL, "", cure_of(self._keys.recipients(case.trace)))
                judgement = judgement._replace(verdict="not judged", reason=UNFAITHFUL, why=found_why, differences=())
            if judgement.verdict == "diverged":
                diverged.append((case, judgement))
            found[judgement.trace] = _verdict(judgement, None, case.trace)
        assert self._locating is not None
        traces = {case.job.trace: case.trace for case, _judgement in diverged}
        for judgement, location in self._locating.locate(group.description, diverged):
            found[judgement.trace] = _verdict(judgement, location, traces[judgement.trace])
        if self._plain_tests:
            for case, judgement in diverged[:TESTS]:
                plain = self._plain_test(case, judgement)
                known = found[judgement.trace]
                found[judgement.trace] = msgspec.structs.replace(known, test=plain.text, no_test=plain.reason)
        return found

    def _plain_test(self, case: Case, judgement: Judgement) -> Plain:
        from .export.pytest_source import Plain, is_factory, plain_test
        from .model.invocation import Invocation

        if judgement.base is None or case.trace.readings or any(mask.moves for mask in case.sealed.masks):
            return Plain("", "what it shows follows from the clock or from chance")
        if field(case.trace.input, "generates") is True:
            return Plain("", "a generator is not written down as a test")
        if holds_secrets(self._setup.keys, case.job.data, [case.trace.input]):
            return Plain("", HELD)
        if case.trace.kind == "wsgi":
            step = Invocation(case.job.entry.name, "wsgi", case.trace.input)
        else:
            kind, arguments = str(field(case.trace.input, "kind")), field(case.trace.input, "arguments")
            step = Invocation(case.job.entry.target, kind, arguments)
        app = self._setup.app or case.job.entry.target
        made = is_factory(self.oracle.versions.old, app)
        return plain_test([step], [judgement.base], app, is_factory=made)

    def _unfaithful(self, case: Case) -> bool:
        """Against the recording, a redacted value makes a difference of its own; against base it does so twice."""
        if self.oracle.seal is not None or not self._keys.are_missing_for(case.trace):
            return False
        return not self.oracle.versions.may_have_reached(case.trace.functions)

    def unjudged_changes(
        self, verdicts: Mapping[TraceId, TraceVerdict], spots: Iterable[BlindSpot] = ()
    ) -> list[UnjudgedChange]:
        """The changed things that recorded traffic ran and that none of some verdicts is about; `prepare` comes first.

        `spots` are changed lines that no replay reached. Without base each trace is judged against its own recording,
        and what it ran then is what it ran.
        """
        oracle = self.oracle
        entries = {name: one.entry for one in self._reader.classes() for name in one.kept.values()}
        lent = self._lent_changes(entries)
        if not oracle.differs:
            return lent
        if oracle.selection is not None and oracle.seal is not None:
            recorded = {name: oracle.seal.recorded_functions_of(name) for name in oracle.seal.recorded}
            touched = oracle.selection.touched()
            replayed = {name: oracle.seal.functions_of(name) for one in touched for name in one.traces}
        else:
            recorded = replayed = {stored.id: functions_recorded(stored) for stored in self._reader.traces()}
            touched = touched_functions(oracle.versions.changed_functions, recorded)
        found = unjudged_changes(touched, verdicts, replayed, entries)
        found += unjudged_lines(self._unreached(spots), recorded, self._recorded_arms(), verdicts, entries)
        return lent + found

    def _lent_changes(self, entries: Mapping[TraceId, str]) -> list[UnjudgedChange]:
        """Changed functions that base has from the working tree, and that recorded traffic ran."""
        changed = self.oracle.lent.changed_functions
        if not changed:
            return []
        recorded = {stored.id: functions_recorded(stored) for stored in self._reader.traces()}
        return lent_functions(touched_functions(changed, recorded), entries)

    def _unreached(self, spots: Iterable[BlindSpot]) -> list[UnreachedLine]:
        versions = self.oracle.versions
        homes, root = self._setup.homes, self._setup.root
        modules = {os.path.relpath(_file_of(root, name, homes), root): name for name in versions.changes}
        lines = ((modules.get(spot.file, ""), spot) for spot in spots if not spot.arm)
        found = ((versions.function_at(module, spot.line), spot) for module, spot in lines if module)
        return [UnreachedLine(name, f"{spot.file}:{spot.line}  {spot.source}") for name, spot in found if name]

    def _recorded_arms(self) -> dict[TraceId, list[tuple[str, str, int, str]]]:
        """The arms that each kept trace took when it was recorded."""
        classes = self._reader.classes()
        return {name: [arm.identity for arm in one.description.arms] for one in classes for name in one.kept.values()}

    # --- for what is built on a run ---

    @property
    def setup(self) -> Setup:
        """What is replayed, and with what."""
        return self._setup

    @property
    def reader(self) -> BaselineReader:
        """The baseline."""
        return self._reader

    def rules(self, entry: str) -> Rules:
        """The project's rules of comparison for an entry."""
        return self._settles(entry)

    def locate(self, case: Case, judgement: Judgement) -> Location | None:
        """Where a difference begins; `load` comes first."""
        assert self._locating is not None
        return self._locating.place(case, judgement)

    def path_words(self) -> dict[tuple[str, str], str]:
        """(entry, path) → the path class in words."""
        return {(group.stored.entry, group.stored.path): group.name.words for group in self.groups()}

    def at_end(self, callback: Callable[[], None]) -> None:
        """Call something when the engine stops, before what was begun earlier ends."""
        self._stack.callback(callback)

    # --- once more ---

    def replay_again(self, trace_id: str) -> Observed | None:
        """Replay one kept trace in this very process, for a debugger."""
        for stored in self._reader.traces():
            if stored.id == trace_id and stored.trace is not None:
                replayer = Replayer(plan_of(self._setup, self._reader, self._setup.root), traces=_no_lender)
                replayer.start()
                try:
                    replayer.load()
                    return replayer.run(
                        Job(stored.id, self._entries[stored.entry], stored.data, dict(stored.producers))
                    )
                finally:
                    replayer.stop()
        return None

    # --- afterwards ---

    def fidelity(self) -> dict[str, Fidelity]:
        """How faithful base is to the recording, by entry; empty without a seal."""
        seal = self.oracle.seal
        if seal is None:
            return {}
        names = {name: one.entry for one in self._reader.classes() for name in one.kept.values()}
        return seal.fidelity(names)

    def stop(self) -> None:
        """End all processes."""
        self._stack.close()
        self._reader.close()


def _no_lender() -> Lender:
    return Lender([])


def _from_recording(name: TraceId, trace: Trace, roots: Roots) -> SealedTrace:
    """The recording in the place of base; it may have been made in this very folder."""
    base = roots.hidden(recorded_observation(trace))
    return SealedTrace(
        name,
        observation=base,
        fingerprint=fingerprint(base),
        leaves=count_leaves(base),
        unknown=unknown_parts(base, trace),
    )


def _verdict(judgement: Judgement, location: Location | None, trace: Trace) -> TraceVerdict:
    fields = tuple(field_of(difference, parameters_of(trace)) for difference in judgement.differences)
    return TraceVerdict(
        judgement.trace,
        judgement.verdict,
        judgement.reason,
        fields,
        location,
        asserted=judgement.asserted,
        settled=judgement.settled,
        left_out=judgement.left_out,
        unseen=judgement.unseen,
        why=judgement.why,
    )


def _unreadable(trace: TraceId, fault: str) -> TraceVerdict:
    return TraceVerdict(trace, "not judged", fault, why=why("recording", fault))


def _places(root: str, sources: Mapping[str, str], homes: Sequence[Home]) -> dict[FunctionName, tuple[str, int]]:
    """Function or module → (file, line)."""
    found: dict[str, tuple[str, int]] = {}
    for module, text in sources.items():
        file = _file_of(root, module, homes)
        found[module] = (file, 1)
        try:
            tree = ast.parse(text)
        except SyntaxError:
            continue
        pending: list[tuple[ast.AST, str]] = [(tree, "")]
        while pending:
            node, prefix = pending.pop()
            for child in ast.iter_child_nodes(node):
                inner = prefix
                if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                    first = min([child.lineno, *(one.lineno for one in child.decorator_list)])
                    found.setdefault(f"{module}:{prefix}{child.name}", (file, first))
                    inner = f"{prefix}{child.name}." + ("" if isinstance(child, ast.ClassDef) else "<locals>.")
                pending.append((child, inner))
    return found


def _file_of(root: str, module: str, homes: Sequence[Home]) -> str:
    place = re.sub(r"\.", "/", module)
    for home in homes:
        for ending in ("/__init__.py", ".py"):
            path = os.path.join(root, f"{home}{place}{ending}")
            if os.path.exists(path):
                return path
    return root
