"""The baseline as a recording knows it: entries, path classes, reservoirs, shapes, and what each trace adds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping

from ..capture.thaw import thaw
from ..context import PathRecord
from ..included import Included
from ..model.absences import AbsenceKey
from ..model.branches import Arm, path_digest
from ..model.full_names import qualname_part
from ..model.inputs import CallInput, Input
from ..model.shapes import Shape
from ..model.trace import Entry, PathClass, TraceId, encode_trace, trace_id
from ..model.value_tree import ObjectNode, Tree
from ..privacy.redact import Redactor
from ..store.protocol import Batch, KeptTrace, StoredClass
from .assemble import Paths, assemble
from .live_trace import LiveTrace
from .reservoir import Reservoir


class Round:
    """What one round of the collector adds to the baseline."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.classes: dict[tuple[str, str], PathClass] = {}
        self.counts: Counter[tuple[str, str]] = Counter()
        self.traces: list[KeptTrace] = []
        self.shapes: dict[tuple[str, str], Shape] = {}


class Gathering:
    """Takes traces in, thawed, redacted, and kept where their path class has room."""

    def __init__(
        self,
        included: Included,
        *,
        exemplars: int,
        redactor: Redactor | None,
        found_path: Callable[[Hashable], None],
        name: Callable[[Hashable, str], None],
        paths: Paths | None = None,
    ) -> None:
        """`found_path` gets the key of the sampler by which a path class was found that was not known, `name` what the
        entry of a key is called. `paths` are those that are known already."""
        self._included = included
        self._exemplars = exemplars
        self._redactor = redactor
        self._found_path = found_path
        self._name = name
        self._paths = paths if paths is not None else Paths(included)
        self._reservoirs: dict[tuple[str, str], Reservoir] = {}
        self._classes: dict[tuple[str, str], PathClass] = {}
        self._entries: dict[str, Entry] = {}

    def go_on_from(self, classes: Iterable[StoredClass]) -> None:
        """Know what the store holds, because of what was recorded earlier, or by other processes meanwhile."""
        for known in classes:
            key = (known.entry, known.path)
            self._classes[key] = known.description
            reservoir = self._reservoirs.get(key)
            if reservoir is None:
                self._reservoirs[key] = Reservoir(self._exemplars, count=known.count, kept=known.kept)
            else:
                reservoir.learn(known.count, known.kept)

    def new_round(self) -> Round:
        """What a round adds, which is nothing yet."""
        return Round()

    def batch(self, added: Round, counters: Mapping[str, int], absences: Mapping[AbsenceKey, int]) -> Batch:
        """What a round adds, with what was counted beside it, to be written."""
        entries = list(added.entries.values())
        return Batch(
            *(entries, added.classes, added.counts, added.traces, added.shapes, counters, absences), self._exemplars
        )

    @property
    def paths(self) -> Paths:
        """What is known of branches, for another that goes on."""
        return self._paths

    def add(self, live: LiveTrace, added: Round) -> None:
        """Take one trace in."""
        arms = self._paths.arms(live.scope.path.arms)
        outcome = _outcome_kind(live)
        entry = live.recorder.name(live, self._redactor)
        key = (entry, path_digest(arms, outcome))
        self._name(live.key, entry)
        if entry not in self._entries:
            self._entries[entry] = added.entries[entry] = live.recorder.describe(live, entry)
        if key not in self._classes:
            self._classes[key] = added.classes[key] = PathClass(arms, outcome, live.scope.path.evicted)
            self._found_path(live.key)
        reservoir = self._reservoirs.get(key)
        if reservoir is None:
            reservoir = self._reservoirs[key] = Reservoir(self._exemplars)
        added.counts[key] += 1
        slot = reservoir.offer()
        if slot is not None:
            self._keep(live, arms, key, slot, reservoir, added)
        live.scope.path = _functions_alone(live.scope.path)  # it may live on as the maker of an object, or of state
        live.lineage.state.let_go()

    def _keep(
        self, live: LiveTrace, arms: list[Arm], key: tuple[str, str], slot: int, reservoir: Reservoir, added: Round
    ) -> None:
        producers: dict[TraceId, bytes] = {}
        lives = list(dict.fromkeys((*live.lineage.makers, *live.lineage.state.makers())))
        makers = [self._producer(maker, producers) for maker in lives]
        positions = {maker: number for number, maker in enumerate(lives)}
        stored = assemble(live, arms, self._classes[key], self._included, self._redactor, makers, positions)
        live.recorder.stored(live, stored)
        data = encode_trace(stored)
        name = trace_id(data)
        replaced = reservoir.held(slot)
        if not reservoir.put(slot, name):
            return
        added.traces.append(KeptTrace(*key, slot, name, data, producers, replaced))
        for part, tree in (("input", _shaped(stored.input)), ("outcome", stored.outcome.value)):
            added.shapes.setdefault((key[0], part), Shape()).observe(tree)

    def _producer(self, live: LiveTrace, found: dict[TraceId, bytes]) -> TraceId:
        """The id of a trace that made something; it and those before it are added to `found`."""
        stored = live.lineage.stored
        if stored is not None and stored[0] in found:
            return stored[0]  # with those before it, which many may share
        makers = [self._producer(maker, found) for maker in live.lineage.makers]
        if stored is None:
            nothing = PathClass([], "", False)
            data = encode_trace(assemble(live, [], nothing, self._included, self._redactor, makers))
            stored = live.lineage.stored = trace_id(data), data
        found[stored[0]] = stored[1]
        return stored[0]


def _functions_alone(path: PathRecord) -> PathRecord:
    """What is needed of the path of a trace that made something: a change of what it ran concerns those after it."""
    kept = PathRecord()
    kept.codes = path.codes
    return kept


def _outcome_kind(live: LiveTrace) -> str:
    if live.raw_outcome.kind == "return":
        return "returned"
    tree = thaw(live.raw_outcome.value)
    if live.raw_outcome.kind == "exception":
        return qualname_part(tree.cls) if isinstance(tree, ObjectNode) else "raised"
    status = getattr(tree, "items", [""])[0]
    return str(status).partition(" ")[0]


def _shaped(given: Input) -> Tree:
    """The part of an input whose shape says something."""
    return given.arguments if isinstance(given, CallInput) else given.tree()
