"""This file is about the explorer: it tries inputs next to the recorded ones on base and candidate, and tells where
they differ.

What a caller sees decides. Where an inner function differs, the recorded trace is replayed with that one call made so,
on both sides: only what its entry then shows is a difference.
"""

from __future__ import annotations

import gc
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeAlias

import msgspec

from ...recorders.model.branches import Arm
from ...recorders.model.trace import TraceId
from ...recorders.model.value_tree import ClassName, ObjectNode, Tree, field
from ...recorders.store.protocol import BaselineReader, StoredTrace
from ..change.checkout import checked_out
from ..compare.observations import compare
from ..compare.summarise import field_of
from ..compare.tolerance import Rules, Tolerance, any_of
from ..compare.volatile import Volatile, masks_of
from ..execute.process import ReplayerProcess
from ..execute.trial_process import GIVEN_UP
from ..execute.trial_runner import NO_READINGS
from ..judge.judge import Case, Judgement
from ..judge.oracle import Oracle, Setup, base_process, candidate_process
from ..model.difference import Difference
from ..model.inner_calls import Substitution
from ..model.observation import Observation
from ..model.trial import Trial, Tried
from ..model.verdict import FieldDifference, Location
from .analyze.branch_distance import Missing, aims_of
from .analyze.constants import literals_of
from .analyze.targets import Target
from .differential import LIMIT, Asking, Form, Pair, ended_well
from .draw import drawn
from .example_database import Keeping
from .explain import Explaining, Seen
from .finding import Explored, Finding
from .generate.mutations import Input, Inputs, Known
from .recorded_inputs import Gathering, RecordedInput
from .shrink import shrunk
from .statefulness import changes_its_object, keeps_state

SHARES = (0.2, 0.15, 0.15, 0.15, 0.15, 0.1)
"""Of them, one batch after the other: a later one goes on from what took a new way in an earlier one. Hypothesis draws
the rest."""

AT_LEAST = 0.5
"""Share of the inputs that are tried also where a near difference is found before."""

LOOKED_AT = 12
"""Inputs on which digests differ that are looked at closely in each batch."""

ENDLESS = 8
"""Inputs of one target that may come to no end before the rest is left."""

PUT = 40
"""Times that a call of a recorded trace is made otherwise for one target."""

LETTERS = 12
"""Times that an input on which the candidate hangs is tried with other letters: each takes its whole limit."""

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


Accepts: TypeAlias = Callable[[str, str, tuple[FieldDifference, ...]], bool]
"""Whether differences of an entry and path class are accepted."""


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
        is_accepted: Accepts = lambda entry, path, differences: False,
    ) -> None:
        """`words` tells a path class (entry, path); `keep` is where inputs that differ are kept for the next run. What
        is accepted never keeps anything else from being told."""
        self.setup = setup
        self.reader = reader
        self.oracle = oracle
        self.settles = settles
        self.locate = locate
        self.words = words
        self.examples = examples
        self.keeping = Keeping(keep)
        self.is_accepted = is_accepted
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
        with _no_collection():
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
        self._versions = explorer.oracle.versions
        self._base, self._candidate = explorer.sides
        self._gathering = Gathering(target, explorer.reader, explorer.stored, self._base, self._versions)
        self._asking: Asking
        self._inputs: Inputs
        self._recorded = 0
        """Inputs that were recorded, and that base answers."""
        self._raised: set[str] = set()
        """Classes of exceptions that base raised on them."""
        self._elsewhere: list[RecordedInput] = []
        """Calls of other traces in whose place an input is put too, to see whether it is shown."""
        self._put = 0
        """Times that a call of a recorded trace was made otherwise."""
        self._stateful = keeps_state(self._versions, target.functions)
        """Whether a module keeps something from one call to the next."""
        self._changing = target.kind == "method" and changes_its_object(self._versions, target.name)
        """Whether an object does."""
        self._fault = ""
        """Why an input could not be tried."""
        self._counts = dict.fromkeys(("examples", "same", "set_aside", "no_evidence", "inside", "unsettled", "kept"), 0)
        self._findings: list[Finding] = []
        self._accepted: list[Finding] = []
        """Those that are accepted: told too, so that acceptances are known to match something."""
        self._kept: list[tuple[int, Tree]] = []
        """Inputs to try first next time."""
        self._through: list[Difference] = []
        """What the entry of the last inner call showed, when that call was made so."""
        self._aims = aims_of(self._versions, target.functions)
        self._nearnesses: dict[tuple[Way, Way], tuple[float, Missing]] = {}
        self._ways: set[Way] = set()
        """Ways through the code that were taken."""
        self._endless: Counter[str] = Counter()
        """Pattern → inputs changed there that did not come to an end."""
        self._far: list[tuple[Input, Form]] = []
        """Far inputs that differ to the byte, not looked at yet."""
        self._letters_tried = 0
        """Inputs that hang, tried with other letters."""
        self._shrunk = {True: 0, False: 0}
        """Near and far inputs that were made small and are not accepted."""
        self._signatures: set[tuple[bool, frozenset[str], str]] = set()
        """What was told: near or far, fields, and for what is accepted its path class."""

    def run(self) -> Explored:
        reason = self._collect()
        if reason:
            return self._explored(reason)
        kept = self._explorer.keeping.kept(self._target.name)
        self._counts["kept"] = len(kept)
        of_trace = {one.stored.id: at for at, one in reversed(list(enumerate(self._asking.recorded)))}
        self._try([Input(of_trace.get(trace, 0), tree) for trace, tree in kept])
        again = self._shrunk[True]
        for batch in self._batches():
            self._try(batch)
            enough = self._counts["examples"] >= self._explorer.examples * AT_LEAST
            if enough and self._shrunk[True] > again:
                break
        if not self._shrunk[True]:  # who reads of a near one does not ask for far ones
            self._look(self._far, near=False)
        kept_now = [(self._asking.recorded[call].stored.id, tree) for call, tree in self._kept]
        self._explorer.keeping.keep(self._target.name, kept_now)
        nothing = self._counts["same"] == 0 and not (self._findings or self._accepted)
        return self._explored(self._fault if nothing else "")

    def _explored(self, reason: str) -> Explored:
        counts = self._counts
        return Explored(
            target=self._target.name,
            item=self._target.item,
            reason=reason,
            recorded=self._recorded,
            examples=counts["examples"],
            same=counts["same"],
            set_aside=counts["set_aside"],
            no_evidence=counts["no_evidence"],
            inside=counts["inside"],
            unsettled=counts["unsettled"],
            kept=counts["kept"],
            findings=(*self._findings, *self._accepted),
        )

    @property
    def _names(self) -> tuple[str, ...]:
        """Of the positional parameters; never empty for a call, so that its arguments are known as such."""
        return self._target.names or ("",) if self._target.kind != "wsgi" else ()

    # --- recorded inputs ---

    def _collect(self) -> str:
        """Gather recorded inputs that base answers; why there are none, or empty."""
        found = self._gathering.gather()
        if found.reason:
            return found.reason
        sides, jobs = self._explorer.sides, [self._gathering.job(one.stored) for one in found.inputs]
        asking = Asking(sides, found.inputs, jobs, self._names, made=found.made)
        both = asking.both([Trial(at, [one.step]) for at, one in enumerate(found.inputs)], traced=True)
        usable = [at for at, (base, _candidate) in enumerate(both) if base.ended == "outcome"]
        if not usable:
            return f"base does not answer its recorded inputs by themselves: {both[0][0].reason}"
        raised = [both[at][0].raised for at in usable]
        if not self._target.is_entry and all(map(NONSENSE.intersection, raised)):
            return f"called by itself it raises {raised[0][0].rpartition(':')[2]} on every recorded input"
        self._raised = {name for names in raised for name in names}
        self._asking = Asking(
            sides, [found.inputs[at] for at in usable], [jobs[at] for at in usable], self._names, made=found.made
        )
        self._asking.limit = max(LIMIT, 50 * max(base.seconds for base, _candidate in both))
        self._asking.following = self._gathering.other_methods()
        self._elsewhere = found.elsewhere
        self._recorded = len(usable)
        self._inputs = self._inputs_from([both[at] for at in usable], made=found.made)
        return ""

    def _inputs_from(self, came: Sequence[Pair], *, made: bool) -> Inputs:
        """What is made from the recorded inputs, of which that came."""
        known = []
        for at, (one, pair) in enumerate(zip(self._asking.recorded, came, strict=True)):
            nearness, missing = self._nearness(pair)
            way = b"".join(side.path for side in pair)
            known.append(Known(at, one.tree, self._names, made, nearness, way, missing))
            self._ways.update(_both_ways(pair))
        return Inputs(known, literals_of(self._versions, self._target.functions), self._target.optional)

    # --- trying ---

    def _batches(self) -> Iterable[list[Input]]:
        inputs, whole = self._inputs, self._explorer.examples
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

    def _try(self, batch: list[Input]) -> None:
        """What is left when several inputs did not come to an end is tried again without places that led there."""
        while batch:
            start = self._counts["examples"]
            forms = [self._form(start + at) for at in range(len(batch))]
            trials = [self._asking.trial(one, form) for one, form in zip(batch, forms, strict=True)]
            differing: list[tuple[Input, Form]] = []
            hanging: list[tuple[Input, Form]] = []
            left: list[Input] = []
            for made, form, (base, candidate) in zip(batch, forms, self._asking.both(trials, traced=True), strict=True):
                if GIVEN_UP in (base.reason, candidate.reason):
                    left.append(made)
                    continue
                self._counts["examples"] += 1
                if "hung" in (base.ended, candidate.ended) or "crashed" in (base.ended, candidate.ended):
                    self._endless[made.pattern] += 1
                sort = self._sort(base, candidate)
                if sort == "differs":
                    (hanging if candidate.ended == "hung" else differing).append((made, form))
                else:
                    self._counts[sort] += 1
                if sort == "same":
                    self._follow(made, base, candidate)
            if len(differing) > len(trials) // 4:
                self._asking.closely = True
            self._look_at_near([*differing, *map(self._in_recorded_letters, hanging)])
            if sum(self._endless.values()) > ENDLESS:
                self._counts["set_aside"] += len(left)
                return
            batch = [one for one in left if one.pattern and not self._endless[one.pattern]]
            self._counts["set_aside"] += len(left) - len(batch)

    def _follow(self, made: Input, base: Tried, candidate: Tried) -> None:
        """Where either side took a way that none took before, there is more to be seen."""
        nearness, missing = self._nearness((base, candidate))
        ways = set(_both_ways((base, candidate)))
        if not ways <= self._ways:
            self._ways |= ways
            self._inputs.go_on_from(made, nearness, missing)

    def _nearness(self, pair: Pair) -> tuple[float, Missing]:
        """How near both came to changed lines, and what kept them from these."""
        known = self._explorer.arms
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

    def _in_recorded_letters(self, hanging: tuple[Input, Form]) -> tuple[Input, Form]:
        """An input on which the candidate hangs; where it is far for its letters alone, with letters of recorded kinds,
        if it hangs then too."""
        made, form = hanging
        if self._inputs.is_near(made.tree) or self._letters_tried >= LETTERS:
            return hanging
        for tree in self._inputs.in_recorded_letters(made.tree):
            if self._letters_tried >= LETTERS:
                break
            self._letters_tried += 1
            other = made._replace(tree=tree)
            [(base, candidate)] = self._asking.both([self._asking.trial(other, form)])
            if self._sort(base, candidate) == "differs" and candidate.ended == "hung":
                return other, form
        return hanging

    def _look_at_near(self, differing: list[tuple[Input, Form]]) -> None:
        """Closely at near inputs that differ to the byte; far ones wait."""
        near: list[tuple[Input, Form]] = []
        for made, form in differing:
            (near if self._inputs.is_near(made.tree) else self._far).append((made, form))
        self._look(near, near=True)

    def _look(self, differing: list[tuple[Input, Form]], *, near: bool) -> None:
        for start in range(0, len(differing), LOOKED_AT):
            part = differing[start : start + LOOKED_AT]
            shown = self._asking.both([self._asking.trial(made, form) for made, form in part], shown=True)
            for (made, form), (base, candidate) in zip(part, shown, strict=True):
                self._one(made, form, base, candidate, near=near)

    def _one(self, made: Input, form: Form, base: Tried, candidate: Tried, *, near: bool) -> None:
        self._through = []
        sort = self._sort(base, candidate)
        seen = self._seen(made, base, candidate) if sort == "differs" else None
        if seen is None:
            self._counts["same" if sort == "differs" else sort] += 1
            return
        fields = frozenset(one.field for one in seen.differences) or frozenset({candidate.ended})
        path = self._asking.recorded[made.call].stored.path
        known = (near, fields, path if self._is_accepted(made, seen.differences) else "")
        limit = NEAR_FINDINGS if near else FAR_FINDINGS
        if known in self._signatures or self._shrunk[near] >= limit:
            return
        confirmed = self._confirmed(made, "alone")
        if confirmed is not None:
            form = "alone"
        elif form != "alone":
            confirmed = self._confirmed(made, form)
        if confirmed is None:
            self._counts["same"] += 1
            return
        if not self._leaves(made):
            return
        finding, is_accepted = self._finding(made, form, confirmed, near=near)
        self._signatures.add((near, fields, path if is_accepted else ""))
        self._shrunk[near] += not is_accepted
        if is_accepted:
            self._accepted.append(finding)
        elif not any(_is_like(finding, other) for other in self._findings):
            self._findings.append(finding)

    def _is_accepted(self, made: Input, differences: Sequence[Difference]) -> bool:
        """Whether what an input shows is accepted; for an inner call before it left, nobody knows."""
        own = self._asking.recorded[made.call]
        if not differences or (own.number >= 0 and not self._through):
            return False
        shown = self._through or differences
        return self._explorer.is_accepted(own.stored.entry, own.stored.path, tuple(map(field_of, shown)))

    def _seen(self, made: Input, base: Tried, candidate: Tried, settles: Tolerance | None = None) -> Seen | None:
        """What differs, for a caller; `None` where nothing does."""
        if candidate.ended != "outcome":
            return Seen(made, base, candidate, 0, [])
        rules = settles or self._explorer.settles(self._gathering.entry(self._asking.recorded[made.call].stored).name)
        for at, (old, new) in enumerate(zip(base.observations, candidate.observations, strict=False)):
            found = compare(old, new, rules)
            if found and not _both_refuse(base, candidate, at, found, self._raised):
                return Seen(made, base, candidate, at, found)
        return None

    def _confirmed(self, made: Input, form: Form) -> Seen | None:
        """Once more in processes of their own; where clock or entropy is read, what moves on base is masked."""
        trial = self._asking.trial(made, form)
        [(base, candidate)] = self._asking.both([trial], shown=True, fresh=True)
        if self._sort(base, candidate) != "differs":
            return None
        seen = self._seen(made, base, candidate)
        if seen is None or candidate.ended != "outcome" or base.readings == NO_READINGS == candidate.readings:
            return seen
        [moved] = self._asking.base([trial], shown=True, fresh=True, perturbed=True)
        if moved.ended != "outcome":
            return seen
        masked = Volatile(
            mask
            for old, new in zip(base.observations, moved.observations, strict=False)
            for mask in masks_of(compare(old, new), "always")
        )
        rules = self._explorer.settles(self._gathering.entry(self._asking.recorded[made.call].stored).name)
        return self._seen(made, base, candidate, any_of(masked, rules))

    # --- leaving ---

    def _leaves(self, made: Input) -> bool:
        """Whether the entry of an inner call shows it, when that one call of the recorded trace is made so; or a call
        of another trace, where what it returns weighs more."""
        self._through = []
        if self._asking.recorded[made.call].number < 0:
            return True
        own = self._asking.recorded[made.call]
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

    def _shown_by(self, known: RecordedInput, tree: Tree, *, fresh: bool) -> str:
        """What comes of a recorded trace in which one call is made otherwise: `shown`, `inside` or `unsettled`."""
        put = Substitution(known.step.target, known.number, known.step.arguments, tree)
        job = msgspec.structs.replace(self._gathering.job(known.stored), put=put, fresh=fresh)
        [base], [candidate] = list(self._base.run([job])), list(self._candidate.run([job]))
        whole = base.put and base.ended == "outcome" and base.observation is not None
        elsewhere = candidate.ended == "outcome" and not candidate.put  # the candidate does not make this call
        if not whole or elsewhere or candidate.ended == "stopped" or candidate.ended == "error":
            return "unsettled"
        if candidate.ended != "outcome" or candidate.observation is None or base.observation is None:
            return "shown"
        self._through = compare(base.observation, candidate.observation, self._rules_of(known))
        return "shown" if self._through else "inside"

    def _rules_of(self, known: RecordedInput) -> Tolerance:
        rules = self._explorer.settles(self._gathering.entry(known.stored).name)
        seal = self._explorer.oracle.seal
        sealed = seal.trace(known.stored.id) if seal is not None else None
        masked = Volatile(sealed.masks if sealed is not None else [])
        return any_of(masked, rules)

    # --- findings ---

    def _finding(self, made: Input, form: Form, first: Seen, *, near: bool) -> tuple[Finding, bool]:
        """What is told of an input, and whether it is accepted: what is not does not become so by being made small."""
        is_near = self._inputs.is_near
        through = self._through
        was_accepted = self._is_accepted(made, first.differences)
        is_inner = self._asking.recorded[made.call].number >= 0

        def counts(one: Input, pair: Pair) -> bool:
            seen = self._seen(one, *pair) if self._sort(*pair) == "differs" else None
            return seen is not None and (is_inner or was_accepted == self._is_accepted(one, seen.differences))

        def differ(trees: list[Tree]) -> list[bool]:
            wanted = [not near or is_near(tree) for tree in trees]
            asked = [made._replace(tree=tree) for tree, is_wanted in zip(trees, wanted, strict=True) if is_wanted]
            pairs = self._asking.both([self._asking.trial(one, form) for one in asked], shown=True)
            found = iter(counts(one, pair) for one, pair in zip(asked, pairs, strict=True))
            return [is_wanted and next(found) for is_wanted in wanted]

        smallest = made
        if ended_well(self._asking.both([self._asking.trial(made, form)])[0]):
            smallest = made._replace(tree=shrunk(made.tree, self._names, differ))
        seen = self._confirmed(smallest, form)
        leaves = seen is not None and self._leaves(smallest)
        if seen is None or not leaves or self._is_accepted(smallest, seen.differences) != was_accepted:
            smallest = made  # as small it does not hold by itself
            seen, self._through = first, through
        last = self._asking.trial(smallest, form)
        self._kept.append((smallest.call, smallest.tree))
        explaining = Explaining(
            self._target,
            self._asking,
            app=self._explorer.setup.app,
            old=self._versions.old,
            keys=self._explorer.setup.keys,
            words=self._explorer.words,
            locate=self._explorer.locate,
        )
        near = near or is_near(smallest.tree)
        return explaining.finding(smallest, last, seen, self._through, near=near), was_accepted


@contextmanager
def _no_collection() -> Iterator[None]:
    """Without looking for cycles: trees of values are many, short-lived and have none, and each look costs the more,
    the more the process around holds."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _both_refuse(
    base: Tried, candidate: Tried, at: int, found: Sequence[Difference], recorded: Collection[ClassName]
) -> bool:
    """Whether both sides refuse an input at a step, and nothing else differs: in which words does not count, and not
    by which exception either, unless base's is one that it was recorded to raise."""
    left, right = base.observations[at].value, candidate.observations[at].value
    if at in base.refused and at in candidate.refused:
        alike = isinstance(left, ObjectNode) and isinstance(right, ObjectNode) and left.cls == right.cls
        known = isinstance(left, ObjectNode) and left.cls in recorded
        return (alike or not known) and all(one.kind == "exception" for one in found)
    old, new = _refusing_status(base.observations[at]), _refusing_status(candidate.observations[at])
    return old != "" and old == new and all(one.kind == "response" for one in found)


def _refusing_status(observation: Observation) -> str:
    """The status code of a response that refuses its request (RFC 9110, 15.5), else empty."""
    status = str(field(observation.value, "status")) if observation.kind == "response" else ""
    return status[:3] if status.startswith("4") else ""


def _both_ways(pair: Pair) -> tuple[Way, Way]:
    base, candidate = pair
    return ("base", base.path), ("candidate", candidate.path)


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
