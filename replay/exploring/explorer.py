"""This file is about the explorer: it tries inputs next to the recorded ones on base and candidate, and tells where
they differ.

What a caller sees decides. Where an inner function differs, the recorded trace is replayed with that one call made so,
on both sides: only what its entry then shows is a difference.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

import msgspec

from ...recorders.store.protocol import BaselineReader, StoredTrace
from ...recorders.trace import Entry, Trace, TraceId, encode_trace
from ...recorders.tracing.branches import Arm
from ...recorders.value_tree import ObjectNode, Tree, children, contains_opaque, encode, field, record
from ..checkout import checked_out
from ..compare import Difference, Settles, compare
from ..differences import field_of
from ..job import Job
from ..judge import Case, Judgement
from ..observation import Observation
from ..oracle import Oracle, Setup, base_process, candidate_process
from ..perturbation import Perturbation
from ..process import ReplayerProcess
from ..rules import Rules
from ..seal import SealedTrace
from ..show import short
from ..verdict import Location
from ..volatile import masks_of, settling
from .aims import Missing, aims_of
from .attempt import NO_READINGS
from .calls import Substitution
from .drawing import drawn
from .found import Explored, Finding
from .inputs import Input, Inputs, Known, in_capitals
from .keeping import Keeping
from .literals import literals_of
from .plain import Plain, is_factory, plain_test
from .requests import fields_of, told, with_fields
from .shrinking import shrunk
from .state import changes_its_object, keeps_state
from .targets import Target
from .telling import outcome_text, steps_text
from .trial import Step, Trial, Trials, Tried, raw
from .trying import GIVEN_UP

SHARES = (0.2, 0.15, 0.15, 0.15, 0.15, 0.1)
"""Of them, one batch after the other: a later one goes on from what took a new way in an earlier one. Hypothesis draws
the rest."""

AT_LEAST = 0.5
"""Share of the inputs that are tried also where a near difference is found before."""

TRACES = 30
"""Traces whose inner calls are looked at."""

CALLS = 6
"""Calls of one function in one trace."""

KNOWN = 50
"""Recorded inputs that others are made from."""

FOLLOWING = 2
"""Other methods that are called on the same object afterwards."""

LOOKED_AT = 12
"""Inputs on which digests differ that are looked at closely in each batch."""

LIMIT = 0.3
"""Seconds for one input, or fifty times the slowest recorded one."""

ENDLESS = 8
"""Inputs of one target that may come to no end before the rest is left."""

ELSEWHERE = 4
"""Other recorded calls of an inner function that are made so, to see whether any entry shows the difference."""

PUT = 40
"""Times that a call of a recorded trace is made otherwise for one target."""

NEAR_FINDINGS = 2
FAR_FINDINGS = 2
"""Findings of one function that are told."""

NONSENSE = frozenset(
    f"builtins:{name}"
    for name in (
        *("TypeError", "AttributeError", "NameError", "UnboundLocalError", "RecursionError", "MemoryError"),
        *("AssertionError", "NotImplementedError", "SystemError"),
    )
)
"""What code raises on input that it was never meant for. Base that raises one of these is no evidence, unless it did
so when it was recorded."""


Way: TypeAlias = tuple[str, bytes]
"""A way through the code of one side."""


Form: TypeAlias = Literal["alone", "before", "after", "capitals"]
"""By itself; before the recorded call that it was made from, or after it; before itself in capitals."""


class _Known(NamedTuple):
    """A recorded input of a target."""

    step: Step
    tree: Tree
    """What is changed: the arguments, or the fields of a request."""
    stored: StoredTrace
    number: int
    """For an inner call: which of the calls of this function in its trace; -1 for an entry's own input."""


class _Seen(NamedTuple):
    """What both sides showed of one input."""

    input: Input
    base: Tried
    candidate: Tried
    at: int
    """The first step that differs."""
    differences: list[Difference]


class Explorer:
    """Explores targets with base and candidate, each in a process of its own."""

    def __init__(
        self,
        setup: Setup,
        reader: BaselineReader,
        oracle: Oracle,
        *,
        settles: Callable[[str], Rules],
        locate: Callable[[Case, Judgement], Location | None],
        words: Callable[[str, str], str],
        examples: int,
        keep: Path | None = None,
    ) -> None:
        """`words` tells a path class (entry, path); `keep` is where inputs that differ are kept for the next run."""
        self.setup = setup
        self.reader = reader
        self.oracle = oracle
        self.settles = settles
        self.locate = locate
        self.words = words
        self.examples = examples
        self.keeping = Keeping(keep)
        self._stack = ExitStack()
        self._sides: tuple[ReplayerProcess, ReplayerProcess] | None = None
        self._stored: dict[TraceId, StoredTrace] | None = None
        self.arms: dict[Way, Sequence[Arm]] = {}
        """Way through the code → what was decided on it."""

    def explore(self, target: Target) -> Explored:
        """Explore one; raises `CannotReplay`, `BaseError`."""
        started = time.perf_counter()
        if target.unavailable:
            return Explored(target=target.name, item=target.item, reason=target.unavailable)
        found = _Exploring(self, target).run()
        return msgspec.structs.replace(found, seconds=round(time.perf_counter() - started, 3))

    @property
    def sides(self) -> tuple[ReplayerProcess, ReplayerProcess]:
        """Base and candidate, loaded; raises `CannotReplay`, `BaseError`."""
        if self._sides is None:
            assert self.oracle.base is not None
            candidate = candidate_process(self.setup, self.reader, self.oracle.versions, tapped=True)
            self._stack.callback(candidate.stop)
            candidate.start()  # both load at the same time
            folder = self._stack.enter_context(checked_out(self.oracle.base))
            base = base_process(self.setup, self.reader, str(folder), tapped=True)
            self._stack.callback(base.stop)
            base.load()
            candidate.load()
            self._sides = base, candidate
        return self._sides

    def stored(self, name: TraceId) -> StoredTrace | None:
        """A kept trace that can be read and has no gaps."""
        if self._stored is None:
            self._stored = {one.id: one for one in self.reader.traces()}
        found = self._stored.get(name)
        return found if found is not None and found.trace is not None and not found.trace.gaps else None

    def stop(self) -> None:
        """End its processes."""
        self._stack.close()


class _Exploring:
    """One target, while it is explored."""

    def __init__(self, explorer: Explorer, target: Target) -> None:
        self._explorer = explorer
        self._target = target
        self._base, self._candidate = explorer.sides
        self._versions = explorer.oracle.versions
        self._jobs: list[Job] = []
        self._known: list[_Known] = []
        self._raised: set[str] = set()
        self._elsewhere: list[_Known] = []
        """Calls of other traces in whose place an input is put too, to see whether it is shown."""
        self._put = 0
        """Times that a call of a recorded trace was made otherwise."""
        self._following: list[Step] = []
        self._stateful = False
        """Whether a module keeps something from one call to the next."""
        self._changing = False
        """Whether an object does."""
        self._made = False
        """Whether objects are made again by what made them: a class of theirs holds its state in another way now."""
        self._limit = LIMIT
        self._fault = ""
        """Why an input could not be tried."""
        self._closely = False
        """Whether digests are made of what a value is, not of how it lies in memory: that takes longer, and pays where
        much that is equal lies otherwise."""
        self._inputs: Inputs | None = None
        self._counts = dict.fromkeys(("examples", "same", "set_aside", "no_evidence", "inside", "unsettled", "kept"), 0)
        self._findings: list[Finding] = []
        self._kept: list[tuple[int, Tree]] = []
        """Inputs to try first next time."""
        self._through: list[Difference] = []
        """What the entry of the last inner call showed, when that call was made so."""
        self._aims = aims_of(self._versions, target.functions)
        self._came: list[tuple[float, bytes, Missing]] = []
        """How near each recorded input came to changed lines, by which way, and what kept it from them."""
        self._nearnesses: dict[tuple[Way, Way], tuple[float, Missing]] = {}
        self._ways: set[Way] = set()
        """Ways through the code that were taken."""
        self._endless: Counter[str] = Counter()
        """Pattern → inputs changed there that did not come to an end."""
        self._far: list[tuple[Input, Form]] = []
        """Far inputs that differ to the byte, not looked at yet."""
        self._shrunk = {True: 0, False: 0}
        """Near and far inputs that were made small."""
        self._signatures: set[tuple[bool, frozenset[str]]] = set()

    def run(self) -> Explored:
        reason = self._collect()
        if reason:
            return self._explored(reason)
        self._inputs = Inputs(
            [
                Known(at, one.tree, self._names, self._made, *came)
                for at, (one, came) in enumerate(zip(self._known, self._came, strict=True))
            ],
            literals_of(self._versions, self._target.functions),
            self._target.optional,
        )
        self._stateful = keeps_state(self._versions, self._target.functions)
        self._changing = self._target.kind == "method" and changes_its_object(self._versions, self._target.name)
        kept = self._explorer.keeping.kept(self._target.name)
        self._counts["kept"] = len(kept)
        of_trace = {one.stored.id: at for at, one in reversed(list(enumerate(self._known)))}
        self._try([Input(of_trace.get(trace, 0), tree) for trace, tree in kept])
        again = sum(one.near for one in self._findings)
        for batch in self._batches(self._inputs):
            self._try(batch)
            enough = self._counts["examples"] >= self._explorer.examples * AT_LEAST
            if enough and sum(one.near for one in self._findings) > again:
                break
        if not any(one.near for one in self._findings):  # who reads of a near one does not ask for far ones
            self._look(self._far, near=False)
        kept_now = [(self._known[call].stored.id, tree) for call, tree in self._kept]
        self._explorer.keeping.keep(self._target.name, kept_now)
        nothing = self._counts["same"] == 0 and not self._findings
        return self._explored(self._fault if nothing else "")

    def _explored(self, reason: str) -> Explored:
        counts = self._counts
        return Explored(
            target=self._target.name,
            item=self._target.item,
            reason=reason,
            recorded=len(self._known),
            examples=counts["examples"],
            same=counts["same"],
            set_aside=counts["set_aside"],
            no_evidence=counts["no_evidence"],
            inside=counts["inside"],
            unsettled=counts["unsettled"],
            kept=counts["kept"],
            findings=tuple(self._findings),
        )

    @property
    def _names(self) -> tuple[str, ...]:
        """Of the positional parameters; never empty for a call, so that its arguments are known as such."""
        return self._target.names or ("",) if self._target.kind != "wsgi" else ()

    # --- recorded inputs ---

    def _collect(self) -> str:
        """Gather recorded inputs that base answers; why there are none, or empty."""
        found = self._recorded() if self._target.is_entry else []
        if not found:
            found = self._inner()
        if not found:
            return self._why_none
        self._elsewhere = [] if self._target.is_entry else _weighing_most(found)
        known: dict[bytes, _Known] = {}
        for one in found:
            known.setdefault(encode(one.tree), one)
        chosen = list(known.values())[:KNOWN]
        relaid = self._relaid(chosen)
        if relaid and not all(_all_known(one.tree, self._versions.relaid) for one in chosen):
            return f"it needs a {relaid}, which holds its state in another way now and which no recorded entry made"
        self._made = bool(relaid)
        self._jobs = [self._job(one.stored) for one in chosen]
        plain = [Trial(at, [one.step]) for at, one in enumerate(chosen)]
        both = self._both(plain, traced=True)
        tried = [base for base, _candidate in both]
        usable = [at for at, one in enumerate(tried) if one.ended == "outcome"]
        self._limit = max(LIMIT, 50 * max((one.seconds for one in tried), default=0.0))
        if not usable:
            return f"base does not answer its recorded inputs by themselves: {tried[0].reason}"
        self._raised = {name for at in usable for name in tried[at].raised}
        came = [self._nearness(base, candidate) for base, candidate in both]
        self._came = [(came[at][0], b"".join(one.path for one in both[at]), came[at][1]) for at in usable]
        self._ways = {way for at in usable for way in _both_ways(both[at])}
        if not self._target.is_entry and all(NONSENSE.intersection(tried[at].raised) for at in usable):
            name = tried[usable[0]].raised[0].rpartition(":")[2]
            return f"called by itself it raises {name} on every recorded input"
        self._known = [chosen[at] for at in usable]
        self._jobs = [self._jobs[at] for at in usable]
        self._following = self._other_methods()
        return ""

    def _relaid(self, known: Sequence[_Known]) -> str:
        """A class of which recorded inputs hold an instance, and that holds its state in another way now; or empty."""
        found = (name for one in known for name in _classes(one.tree) if name in self._versions.relaid)
        return next(found, "").replace(":", ".")

    _why_none = "no recorded call of it could be captured"

    def _job(self, stored: StoredTrace) -> Job:
        return Job(stored.id, self._entry(stored), stored.data, dict(stored.producers))

    def _entry(self, stored: StoredTrace) -> Entry:
        return self._explorer.reader.entries()[stored.entry]

    def _traces(self) -> Iterable[StoredTrace]:
        for name in self._target.traces:
            stored = self._explorer.stored(name)
            if stored is not None:
                yield stored

    def _recorded(self) -> list[_Known]:
        """The inputs of the entry itself."""
        found: list[_Known] = []
        for stored in self._traces():
            assert stored.trace is not None
            if len(found) >= 2 * KNOWN:
                break
            if stored.entry != self._target.name:
                continue
            if self._target.kind == "wsgi":
                fields = fields_of(stored.trace.input)
                found.append(_Known(Step(self._target.name, "wsgi", stored.trace.input), fields, stored, -1))
                continue
            kind, arguments = str(field(stored.trace.input, "kind")), field(stored.trace.input, "arguments")
            opaque = contains_opaque(arguments)
            if opaque is not None:
                self._why_none = f"it needs a {opaque.cls.replace(':', '.')} that was not captured: {opaque.reason}"
                continue
            found.append(_Known(Step(self._entry(stored).target, kind, arguments), arguments, stored, -1))
        return found

    def _inner(self) -> list[_Known]:
        """Calls of it while recorded traces are replayed on base."""
        stored = {one.id: one for _number, one in zip(range(TRACES), self._traces(), strict=False)}
        jobs = [msgspec.structs.replace(self._job(one), calls={self._target.name: CALLS}) for one in stored.values()]
        found: list[_Known] = []
        callers: set[str] = set()
        for observed in self._base.run(jobs):
            for call in observed.calls:
                opaque = contains_opaque(call.arguments)
                if opaque is not None:
                    self._why_none = f"it needs a {opaque.cls.replace(':', '.')} that was not captured: {opaque.reason}"
                    continue
                callers.update(call.callers[:1])
                step = Step(call.function, call.kind, call.arguments)
                found.append(_Known(step, call.arguments, stored[observed.trace], call.number))
        changed = sorted(one for one in callers if one != self._target.name and self._versions.differs(one))
        if changed:
            self._why_none = f"its caller {changed[0]} changed with it, and is explored instead"
            return []
        return found

    def _other_methods(self) -> list[Step]:
        """Recorded calls of other methods of the same class, to see what a call did to its object."""
        if self._target.kind not in ("method", "constructor"):
            return []
        home = self._target.name.rpartition(".")[0] + "."
        entries = self._explorer.reader.entries()
        found: dict[str, Step] = {}
        for one in self._explorer.reader.classes():
            entry = entries[one.entry]
            if not entry.target.startswith(home) or entry.target == self._target.name or entry.target in found:
                continue
            for stored in map(self._explorer.stored, one.kept.values()):
                if stored is None or stored.trace is None or field(stored.trace.input, "kind") != "method":
                    continue
                arguments = field(stored.trace.input, "arguments")
                if contains_opaque(arguments) is None:
                    found[entry.target] = Step(entry.target, "method", arguments)
                break
        return [found[name] for name in sorted(found)][:FOLLOWING]

    # --- trying ---

    def _batches(self, inputs: Inputs) -> Iterable[list[Input]]:
        whole = self._explorer.examples
        for share in SHARES:
            yield inputs.telling(round(whole * share))
        left = whole - self._counts["examples"]
        yield drawn(left, inputs.drawn) if left > 0 else []

    def _form(self, number: int) -> Form:
        """How one of many inputs is tried: by itself, or around another call where something is kept from one to the
        next; what it does by itself is seen then too."""
        if self._changing:
            return ("before", "capitals", "after", "capitals")[number % 4]
        return ("before", "after")[number % 2] if self._stateful else "alone"

    def _trial(self, made: Input, form: Form) -> Trial:
        """The steps of an input, and then other methods of the same object."""
        known = self._known[made.call]
        step = self._step(known, made.tree)
        steps = {
            "alone": lambda: [step],
            "before": lambda: [step, known.step],
            "after": lambda: [known.step, step],
            "capitals": lambda: [step, self._step(known, in_capitals(made, self._names))],
        }[form]()
        return Trial(made.call, [*steps, *self._following])

    def _step(self, known: _Known, tree: Tree) -> Step:
        arguments = with_fields(known.step.arguments, tree) if self._target.kind == "wsgi" else tree
        return Step(known.step.target, known.step.kind, arguments)

    def _ask(self, side: ReplayerProcess, trials: list[Trial], **options: Any) -> list[Tried]:
        side.ask(self._question(trials, **options))
        return side.tried()

    def _question(self, trials: list[Trial], *, perturbed: bool = False, **options: Any) -> Trials:
        """With the jobs that these trials need, and no others."""
        used = sorted({one.job for one in trials})
        places = {job: at for at, job in enumerate(used)}
        jobs = [raw(_perturbed(self._jobs[one]) if perturbed else self._jobs[one]) for one in used]
        placed = [raw(Trial(places[one.job], one.steps)) for one in trials]
        return Trials(jobs, placed, limit=self._limit, made=self._made, **options)

    def _both(self, trials: list[Trial], **options: Any) -> list[tuple[Tried, Tried]]:
        """Base and candidate, at the same time."""
        question = self._question(trials, closely=self._closely, **options)
        self._base.ask(question)
        self._candidate.ask(question)
        return list(zip(self._base.tried(), self._candidate.tried(), strict=True))

    def _try(self, batch: list[Input]) -> None:
        """What is left when several inputs did not come to an end is tried again without places that led there."""
        while batch:
            start = self._counts["examples"]
            forms = [self._form(start + at) for at in range(len(batch))]
            trials = [self._trial(one, form) for one, form in zip(batch, forms, strict=True)]
            differing: list[tuple[Input, Form]] = []
            left: list[Input] = []
            for made, form, (base, candidate) in zip(batch, forms, self._both(trials, traced=True), strict=True):
                if GIVEN_UP in (base.reason, candidate.reason):
                    left.append(made)
                    continue
                self._counts["examples"] += 1
                if "hung" in (base.ended, candidate.ended) or "crashed" in (base.ended, candidate.ended):
                    self._endless[made.pattern] += 1
                sort = self._sort(base, candidate)
                if sort == "differs":
                    differing.append((made, form))
                else:
                    self._counts[sort] += 1
                if sort == "same":
                    self._follow(made, base, candidate)
            if len(differing) > len(trials) // 4:
                self._closely = True
            self._look_at_near(differing)
            if sum(self._endless.values()) > ENDLESS:
                self._counts["set_aside"] += len(left)
                return
            batch = [one for one in left if one.pattern and not self._endless[one.pattern]]
            self._counts["set_aside"] += len(left) - len(batch)

    def _follow(self, made: Input, base: Tried, candidate: Tried) -> None:
        """Where either side took a way that none took before, there is more to be seen."""
        assert self._inputs is not None
        nearness, missing = self._nearness(base, candidate)
        ways = set(_both_ways((base, candidate)))
        if not ways <= self._ways:
            self._ways |= ways
            self._inputs.go_on_from(made, nearness, missing)

    def _nearness(self, base: Tried, candidate: Tried) -> tuple[float, Missing]:
        """How near both came to changed lines, and what kept them from these."""
        known = self._explorer.arms
        pair = (base, candidate)
        ways = _both_ways(pair)
        known.update((way, one.arms) for way, one in zip(ways, pair, strict=True) if one.arms)
        if ways not in self._nearnesses:
            old, new = (known.get(way, ()) for way in ways)
            self._nearnesses[ways] = self._aims.nearness(old, new), self._aims.missing(old, new)
        return self._nearnesses[ways]

    def _sort(self, base: Tried, candidate: Tried) -> str:
        """What an input is good for: `same`, `set_aside`, `no_evidence`, or `differs` where a closer look is due."""
        self._fault = next((one.reason for one in (base, candidate) if one.ended == "error"), self._fault)
        if base.ended == "stopped" or candidate.ended in ("stopped", "error"):
            return "set_aside"
        if base.ended != "outcome" or not NONSENSE.intersection(base.raised) <= self._raised:
            return "no_evidence"
        return "same" if base.digest == candidate.digest else "differs"

    def _look_at_near(self, differing: list[tuple[Input, Form]]) -> None:
        """Closely at near inputs that differ to the byte; far ones wait."""
        assert self._inputs is not None
        near: list[tuple[Input, Form]] = []
        for made, form in differing:
            (near if self._inputs.is_near(made.tree) else self._far).append((made, form))
        self._look(near, near=True)

    def _look(self, differing: list[tuple[Input, Form]], *, near: bool) -> None:
        for start in range(0, len(differing), LOOKED_AT):
            part = differing[start : start + LOOKED_AT]
            shown = self._both([self._trial(made, form) for made, form in part], shown=True)
            for (made, form), (base, candidate) in zip(part, shown, strict=True):
                self._one(made, form, base, candidate, near=near)

    def _one(self, made: Input, form: Form, base: Tried, candidate: Tried, *, near: bool) -> None:
        sort = self._sort(base, candidate)
        seen = self._seen(made, base, candidate) if sort == "differs" else None
        if seen is None:
            self._counts["same" if sort == "differs" else sort] += 1
            return
        signature = (near, frozenset(one.field for one in seen.differences) or frozenset({candidate.ended}))
        limit = NEAR_FINDINGS if near else FAR_FINDINGS
        if signature in self._signatures or self._shrunk[near] >= limit:
            return
        if form != "alone" and self._confirmed(made, "alone") is not None:
            form = "alone"
        elif self._confirmed(made, form) is None:
            self._counts["same"] += 1
            return
        if not self._leaves(made):
            return
        self._signatures.add(signature)
        self._shrunk[near] += 1
        finding = self._finding(made, form, near=near)
        if not any(_is_like(finding, other) for other in self._findings):
            self._findings.append(finding)

    def _seen(self, made: Input, base: Tried, candidate: Tried, settles: Settles | None = None) -> _Seen | None:
        """What differs, for a caller; `None` where nothing does."""
        if candidate.ended != "outcome":
            return _Seen(made, base, candidate, 0, [])
        rules = settles or self._explorer.settles(self._entry(self._known[made.call].stored).name)
        for at, (old, new) in enumerate(zip(base.observations, candidate.observations, strict=False)):
            found = compare(old, new, rules)
            if found:
                return _Seen(made, base, candidate, at, found)
        return None

    def _confirmed(self, made: Input, form: Form) -> _Seen | None:
        """Once more in processes of their own; where clock or entropy is read, what moves on base is masked."""
        trial = self._trial(made, form)
        [(base, candidate)] = self._both([trial], shown=True, fresh=True)
        if self._sort(base, candidate) != "differs":
            return None
        seen = self._seen(made, base, candidate)
        if seen is None or candidate.ended != "outcome" or base.readings == NO_READINGS == candidate.readings:
            return seen
        [moved] = self._ask(self._base, [trial], shown=True, fresh=True, perturbed=True)
        if moved.ended != "outcome":
            return seen
        masked = settling(
            mask
            for old, new in zip(base.observations, moved.observations, strict=False)
            for mask in masks_of(compare(old, new), "always")
        )
        rules = self._explorer.settles(self._entry(self._known[made.call].stored).name)
        return self._seen(made, base, candidate, lambda *where: masked(*where) or rules(*where))

    # --- leaving ---

    def _leaves(self, made: Input) -> bool:
        """Whether the entry of an inner call shows it, when that one call of the recorded trace is made so; or a call
        of another trace, where what it returns weighs more."""
        self._through = []
        if self._known[made.call].number < 0:
            return True
        own = self._known[made.call]
        sorts: list[str] = []
        for known in [own, *(one for one in self._elsewhere if one is not own)]:
            if self._put >= PUT:
                break
            self._put += 1
            sorts.append(self._shown_by(known, made.tree, fresh=False))
            if sorts[-1] == "shown" and self._shown_by(known, made.tree, fresh=True) == "shown":
                return True
        self._counts["inside" if "inside" in sorts else "unsettled"] += 1
        return False

    def _shown_by(self, known: _Known, tree: Tree, *, fresh: bool) -> str:
        """What comes of a recorded trace in which one call is made otherwise: `shown`, `inside` or `unsettled`."""
        put = Substitution(known.step.target, known.number, known.step.arguments, tree)
        job = msgspec.structs.replace(self._job(known.stored), put=put, fresh=fresh)
        [base], [candidate] = list(self._base.run([job])), list(self._candidate.run([job]))
        whole = base.put and base.ended == "outcome" and base.observation is not None
        elsewhere = candidate.ended == "outcome" and not candidate.put  # the candidate does not make this call
        if not whole or elsewhere or candidate.ended == "stopped" or candidate.ended == "error":
            return "unsettled"
        if candidate.ended != "outcome" or candidate.observation is None or base.observation is None:
            return "shown"
        self._through = compare(base.observation, candidate.observation, self._rules_of(known))
        return "shown" if self._through else "inside"

    def _rules_of(self, known: _Known) -> Settles:
        rules = self._explorer.settles(self._entry(known.stored).name)
        seal = self._explorer.oracle.seal
        sealed = seal.trace(known.stored.id) if seal is not None else None
        masked = settling(sealed.masks if sealed is not None else [])
        return lambda *where: masked(*where) or rules(*where)

    # --- findings ---

    def _finding(self, made: Input, form: Form, *, near: bool) -> Finding:
        assert self._inputs is not None
        is_near = self._inputs.is_near

        def differ(trees: list[Tree]) -> list[bool]:
            wanted = [not near or is_near(tree) for tree in trees]
            asked = [made._replace(tree=tree) for tree, is_wanted in zip(trees, wanted, strict=True) if is_wanted]
            pairs = self._both([self._trial(one, form) for one in asked], shown=True)
            found = iter(
                self._sort(*pair) == "differs" and self._seen(one, *pair) is not None
                for one, pair in zip(asked, pairs, strict=True)
            )
            return [is_wanted and next(found) for is_wanted in wanted]

        smallest = made
        if _ended_well(self._both([self._trial(made, form)])[0]):
            smallest = made._replace(tree=shrunk(made.tree, self._names, differ))
        seen = self._confirmed(smallest, form)
        through = self._through
        if seen is None or not self._leaves(smallest):  # as small it does not hold by itself
            smallest = made
            seen, self._through = self._confirmed(made, form), through
        last = self._trial(smallest, form)
        if seen is None:
            [(base, candidate)] = self._both([last], shown=True)
            seen = self._seen(smallest, base, candidate) or _Seen(smallest, base, candidate, 0, [])
        self._kept.append((smallest.call, smallest.tree))
        known = self._known[made.call]
        return self._told(known, smallest, last, seen, near=near or is_near(smallest.tree))

    def _told(self, known: _Known, made: Input, trial: Trial, seen: _Seen, *, near: bool) -> Finding:
        shown = self._through or seen.differences
        plain = self._plain(known, trial, seen)
        base, candidate = (
            outcome_text(side, seen.at, seen.differences, is_base=is_base)
            for side, is_base in ((seen.base, True), (seen.candidate, False))
        )
        if base == candidate and seen.differences:  # what differs is not in the words
            first = seen.differences[0]
            base = f"{base}, {first.field} {short(first.base)}"
            candidate = f"{candidate}, {first.field} {short(first.candidate)}"
        return Finding(
            call=self._call_text(known, made, trial, seen),
            near=near,
            base=base,
            candidate=candidate,
            differences=tuple(map(field_of, shown)),
            location=self._location(known, made, trial, seen),
            entry=known.stored.entry,
            path=known.stored.path,
            words=self._explorer.words(known.stored.entry, known.stored.path),
            seen=_through_text(self._through),
            test=plain.text,
            no_test=plain.reason,
        )

    def _call_text(self, known: _Known, made: Input, trial: Trial, seen: _Seen) -> str:
        if self._target.kind == "wsgi":
            return told(known.step.arguments, made.tree)
        return steps_text(trial.steps[: seen.at + 1], self._target)

    def _plain(self, known: _Known, trial: Trial, seen: _Seen) -> Plain:
        trace = known.stored.trace
        if seen.base.ended != "outcome" or trace is None:
            return Plain("", "base did not come to an outcome")
        if seen.base.readings != NO_READINGS:
            return Plain("", "what it shows follows from the clock or from chance")
        if seen.base.observations[-1].outbound:
            return Plain("", "it talks to a system that only the recording stands for")
        app = self._explorer.setup.app or self._entry(known.stored).target
        return plain_test(
            trial.steps[: seen.at + 1],
            seen.base.observations[: seen.at + 1],
            app,
            is_factory=is_factory(self._versions.old, app),
        )

    def _location(self, known: _Known, made: Input, trial: Trial, seen: _Seen) -> Location | None:
        """Where it begins, as for a replay: the input is replayed as a trace of its own."""
        trace = known.stored.trace
        if trace is None or seen.candidate.ended != "outcome" or len(trial.steps) > 1 + len(self._following):
            return None
        if "builtins:MemoryError" in (*seen.base.raised, *seen.candidate.raised):
            return None  # nobody bounds the memory of a replay in detail
        step = self._step(known, made.tree)
        job = self._jobs[made.call]
        if step.kind == "wsgi":
            alone = msgspec.structs.replace(trace, input=step.arguments)
            entry = job.entry
        else:
            alone = _as_function(trace, step)
            entry = Entry(step.target, "function", step.target.partition(":")[0], step.target)
        own = msgspec.structs.replace(job, entry=entry, data=encode_trace(alone))
        case = Case(own, alone, SealedTrace(job.trace, observation=seen.base.observations[0]))
        judgement = Judgement(
            job.trace,
            "diverged",
            "",
            tuple(seen.differences),
            _observation(seen.base, seen.at),
            _observation(seen.candidate, seen.at),
            0,
        )
        return self._explorer.locate(case, judgement)


def _weighing_most(found: Sequence[_Known]) -> list[_Known]:
    """Recorded calls, first and last of the traces with the fewest: there what one of them returns weighs most."""
    traces: dict[TraceId, list[_Known]] = {}
    for one in found:
        traces.setdefault(one.stored.id, []).append(one)
    rows = sorted(traces.values(), key=len)[:ELSEWHERE]
    return [*(row[0] for row in rows), *(row[-1] for row in rows[: ELSEWHERE // 2] if len(row) > 1)]


def _both_ways(pair: tuple[Tried, Tried]) -> tuple[Way, Way]:
    base, candidate = pair
    return ("base", base.path), ("candidate", candidate.path)


def _classes(tree: Tree) -> Iterable[str]:
    pending = [tree]
    while pending:
        part = pending.pop()
        if isinstance(part, ObjectNode):
            yield part.cls
        pending.extend(children(part))


def _all_known(tree: Tree, relaid: frozenset[str]) -> bool:
    """Whether it is known what made each object of these classes."""
    pending = [tree]
    while pending:
        part = pending.pop()
        if isinstance(part, ObjectNode):
            if part.origin:
                continue
            if part.cls in relaid:
                return False
        pending.extend(children(part))
    return True


def _is_like(finding: Finding, other: Finding) -> bool:
    """Whether a finding is another that was told already: the same input, or the same thing at the same place."""
    if finding.near != other.near:
        return False
    place, known = finding.location, other.location
    at_one_place = (
        place is not None
        and known is not None
        and (place.file, place.line, place.kind, place.condition)
        == (
            known.file,
            known.line,
            known.kind,
            known.condition,
        )
    )
    return finding.call == other.call or at_one_place


def _ended_well(pair: tuple[Tried, Tried]) -> bool:
    """Whether both sides came to an outcome: what hangs is not made smaller, each try would cost the whole limit."""
    return all(one.ended == "outcome" for one in pair)


def _perturbed(job: Job) -> Job:
    return msgspec.structs.replace(job, perturbation=Perturbation(entropy=1, unrecorded=1))


def _observation(tried: Tried, at: int) -> Observation | None:
    return tried.observations[at] if at < len(tried.observations) else None


def _as_function(trace: Trace, step: Step) -> Trace:
    """A trace of a call inside another trace."""
    return msgspec.structs.replace(
        trace, entry=step.target, kind="function", input=record(kind=step.kind, arguments=step.arguments), producers=[]
    )


def _through_text(differences: Sequence[Difference]) -> str:
    return "; ".join(f"{one.field} {short(one.base)} → {short(one.candidate)}" for one in differences[:3])
