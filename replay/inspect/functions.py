"""Functions of a baseline: what really happens in one, as far as the recorded traffic ran it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from ...recorders.errors import RuntimeBaselineError
from ...recorders.model.branches import Branch, FunctionName
from ...recorders.model.full_names import split_name
from ...recorders.model.trace import Trace
from ...recorders.store.protocol import BaselineReader, StoredClass, StoredTrace
from ...recorders.tracing.branch_table import BranchTable
from ..change.qualified_names import definitions_in, first_line
from ..judge.processes import latest_revision
from ..model.render import short
from .entries import ArmIdentity, arm_counts
from .examples import Example, entry_of, example_of

RESULTS = 8
"""Different results of a function that are shown, the most frequent first."""

ALWAYS = frozenset({"True", "1", "case _", "TYPE_CHECKING", "__debug__"})
"""Conditions that decide nothing when the code runs."""


class UnknownFunction(RuntimeBaselineError):
    """The recorded code has no such function."""

    def __init__(self, wanted: str, known: Sequence[FunctionName]) -> None:
        """`known` are the functions that may have been meant; several where the name is that of several."""
        super().__init__(
            f"the recorded code has no function {wanted!r}, or several; write it as module:qualname or file.py:LINE"
        )
        self.wanted = wanted
        self.known = tuple(known)


class FunctionEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry through which traffic comes to a function."""

    entry: str
    runs: int
    """Recorded traces of the entry that ran the function, about: what one kept trace of a path did, all are taken to
    have done."""
    recorded: int
    """All recorded traces of the entry."""


class FunctionArm(msgspec.Struct, frozen=True, kw_only=True):
    """One way out of a branch."""

    taken: str
    """`true`, `false`, `entered`, `ended`"""
    recorded: int
    """Traces that took it; 0 where none did."""


class FunctionBranch(msgspec.Struct, frozen=True, kw_only=True):
    """A decision in the function."""

    line: int
    condition: str
    recorded: int
    """Traces that came to it; 0 where none did."""
    arms: tuple[FunctionArm, ...]


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened, and in how many kept traces."""

    what: str
    traces: int


class FunctionTraffic(msgspec.Struct, frozen=True, kw_only=True):
    """What really happens in a function."""

    function: FunctionName
    first: int
    """First line, as it was recorded last; 0 where its source is not known."""
    last: int
    source: str
    runs: int
    """Recorded traces that ran it, about."""
    kept: int
    """Kept traces that ran it."""
    looked_at: int
    """Kept traces that were looked at, of all that there are."""
    entries: tuple[FunctionEntry, ...]
    branches: tuple[FunctionBranch, ...]
    """In order of line, those that no trace came to among them."""
    results: tuple[Seen, ...]
    """Of an inner function that returned plain values, these; of an entry its kinds of outcome."""
    exceptions: tuple[Seen, ...]
    """Exceptions with which traces ended that ran it."""
    input: str
    """Of an entry the shape of its input."""
    outcome: str
    examples: tuple[Example, ...]
    """Traces that ran it, of different paths."""

    @property
    def never(self) -> list[str]:
        """Arms that no recorded trace took, in words."""
        return [
            f"line {branch.line}: {branch.condition} {_is(arm.taken)}"
            for branch in self.branches
            for arm in branch.arms
            if not arm.recorded
        ]


def _is(taken: str) -> str:
    return taken if taken in ("entered", "ended") else f"is {taken}"


class FunctionSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A function of the recorded code in a line."""

    function: FunctionName
    runs: int
    """Recorded traces that ran it, about."""


class _Runs(NamedTuple):
    """The kept traces of a path class that ran a function."""

    stored: StoredClass
    traces: tuple[StoredTrace, ...]
    looked_at: int

    @property
    def estimate(self) -> int:
        """Recorded traces of the class that ran it, about."""
        return round(self.stored.count * len(self.traces) / self.looked_at) if self.looked_at else 0


def function_traffic(
    reader: BaselineReader, wanted: str, *, file: str = "", examples: int = 3, most: int = 5_000
) -> FunctionTraffic:
    """What really happens in a function; `most` kept traces are looked at, from each path class as many.

    `wanted` is `module:qualname`, the qualified name alone, or its last part; with `file`, a path, it is a line number.
    Raises `UnknownFunction`, `StoreError`.
    """
    latest = latest_revision(reader)
    modules = {name: text for revision in reader.revisions().values() for name, text in revision.sources.items()}
    modules.update(latest.sources)
    name = _at_line(modules, file, int(wanted)) if file else _named(modules, reader, wanted)
    runs = _runs_of(reader, name, most)
    module, qualname = split_name(name)
    first, last, source = _source(modules.get(module, ""), qualname)
    ran = [trace for run in runs for trace in run.traces if trace.trace is not None]
    own = next((entry.name for entry in reader.entries().values() if entry.target == name), "")
    shapes = reader.shapes()
    return FunctionTraffic(
        function=name,
        first=first,
        last=last,
        source=source,
        runs=sum(run.estimate for run in runs),
        kept=len(ran),
        looked_at=sum(run.looked_at for run in runs),
        entries=tuple(_entries(runs, reader.classes())),
        branches=tuple(_branches(module, modules.get(module, ""), name, reader.classes())),
        results=tuple(_results(ran, name, own)),
        exceptions=tuple(_counted(run.stored.description.outcome for run in runs if _raised(run) for _ in run.traces)),
        input=shapes[own, "input"].describe() if (own, "input") in shapes else "",
        outcome=shapes[own, "outcome"].describe() if (own, "outcome") in shapes else "",
        examples=tuple(_examples(reader, runs, examples)),
    )


def functions_of(reader: BaselineReader, *, most: int = 5_000) -> list[FunctionSummary]:
    """The functions that recorded traffic ran, those with most traffic first."""
    counts: Counter[FunctionName] = Counter()
    for run in _looked_at(reader, most):
        weight = run.stored.count / run.looked_at if run.looked_at else 0
        for stored in run.traces:
            for name in set(stored.trace.functions) if stored.trace is not None else ():
                counts[name] += weight  # type: ignore[assignment]  # a share of a trace
    rows = [FunctionSummary(function=name, runs=round(count)) for name, count in counts.items()]
    return sorted(rows, key=lambda row: (-row.runs, row.function))


def _looked_at(reader: BaselineReader, most: int) -> Iterator[_Runs]:
    """Every path class with some of its kept traces, `most` in all."""
    classes = reader.classes()
    share = max(1, most // max(len(classes), 1))
    for stored in classes:
        traces: list[StoredTrace] = []
        for trace in reader.traces(entry=stored.entry, path=stored.path):
            if len(traces) == share:
                break
            traces.append(trace)
        yield _Runs(stored, tuple(traces), len(traces))


def _runs_of(reader: BaselineReader, name: FunctionName, most: int) -> list[_Runs]:
    found = []
    for run in _looked_at(reader, most):
        ran = tuple(trace for trace in run.traces if trace.trace is not None and name in trace.trace.functions)
        if ran:
            found.append(run._replace(traces=ran))
    return sorted(found, key=lambda run: -run.estimate)


def _named(modules: Mapping[str, str], reader: BaselineReader, wanted: str) -> FunctionName:
    """The one function that a name can mean; raises `UnknownFunction`."""
    every = _known(modules, reader)
    spelt = wanted.replace("()", "")
    if spelt in every:
        return spelt
    dotted = spelt.replace(":", ".")
    exact = [name for name in every if name.replace(":", ".") == dotted]
    same = exact or [name for name in every if f".{name.replace(':', '.')}".endswith(f".{dotted}")]
    if len(same) == 1:
        return same[0]
    raise UnknownFunction(wanted, same or every)


def _known(modules: Mapping[str, str], reader: BaselineReader) -> list[FunctionName]:
    targets = [entry.target for entry in reader.entries().values() if ":" in entry.target]
    defined = [
        f"{module}:{name}"
        for module, text in modules.items()
        for name, node in definitions_in(text)
        if not hasattr(node, "bases")
    ]
    return sorted(dict.fromkeys([*defined, *(target for target in targets if split_name(target)[0] in modules)]))


def _at_line(modules: Mapping[str, str], file: str, line: int) -> FunctionName:
    """The innermost function at a line of a file, as it was recorded; raises `UnknownFunction`."""
    path = file.replace("\\", "/").removesuffix(".py").removesuffix("/__init__")
    dotted = path.strip("/").replace("/", ".")
    owners = [
        module for module in modules if f".{dotted}".endswith(f".{module}") or f".{module}".endswith(f".{dotted}")
    ]
    found = [
        (first_line(node), f"{module}:{name}")
        for module in owners
        for name, node in definitions_in(modules[module])
        if not hasattr(node, "bases") and first_line(node) <= line <= (node.end_lineno or node.lineno)
    ]
    if not found:
        inside = [f"{module}:{name}" for module in owners for name, _node in definitions_in(modules[module])]
        raise UnknownFunction(f"{file}:{line}", inside or sorted(modules))
    return max(found)[1]


def _source(text: str, qualname: str) -> tuple[int, int, str]:
    """First and last line of a function and what stands there."""
    for name, node in definitions_in(text):
        if name == qualname:
            first, last = first_line(node), node.end_lineno or node.lineno
            return first, last, "\n".join(text.splitlines()[first - 1 : last])
    return 0, 0, ""


def _entries(runs: Sequence[_Runs], classes: Sequence[StoredClass]) -> Iterator[FunctionEntry]:
    ran: Counter[str] = Counter()
    every: Counter[str] = Counter()
    for run in runs:
        ran[run.stored.entry] += run.estimate
    for stored in classes:
        every[stored.entry] += stored.count
    for entry, count in ran.most_common():
        yield FunctionEntry(entry=entry, runs=count, recorded=every[entry])


def _branches(module: str, text: str, name: FunctionName, classes: Sequence[StoredClass]) -> Iterator[FunctionBranch]:
    """The decisions of a function with exact counts of traces, and the arms that none took."""
    try:
        branches: Sequence[Branch] = BranchTable(module, text).by_function.get(name, [])
    except (SyntaxError, ValueError):  # no Python of this version
        branches = []
    counts = arm_counts(classes)
    known = {branch.identity: branch for branch in branches if branch.condition not in ALWAYS}
    known |= {
        count.arm.branch.identity: count.arm.branch
        for count in counts.values()
        if count.arm.branch.function == name and count.arm.branch.identity not in known
    }
    for branch in sorted(known.values(), key=lambda branch: (branch.line, branch.ordinal)):
        arms = ("entered", "ended") if branch.condition.startswith("for ") else ("true", "false")
        identities: list[ArmIdentity] = [(*branch.identity, taken) for taken in arms]
        found = [counts.get(identity) for identity in identities]
        yield FunctionBranch(
            line=branch.line,
            condition=branch.condition,
            recorded=max((count.reached for count in found if count is not None), default=0),
            arms=tuple(
                FunctionArm(taken=taken, recorded=count.taken if count is not None else 0)
                for taken, count in zip(arms, found, strict=True)
            ),
        )


def _results(ran: Iterable[StoredTrace], name: FunctionName, entry: str) -> Iterator[Seen]:
    """What the function returned, where that was recorded."""
    returned: list[str] = []
    for stored in ran:
        trace: Trace | None = stored.trace
        if trace is None:
            continue
        own = {short(call.result) for call in trace.calls if call.function == name}
        if stored.entry == entry and trace.outcome.kind == "return":
            own.add(short(trace.outcome.value))
        returned += sorted(own)
    yield from _counted(returned, RESULTS)


def _raised(run: _Runs) -> bool:
    return any(trace.trace is not None and trace.trace.outcome.kind == "exception" for trace in run.traces)


def _counted(found: Iterable[str], most: int = RESULTS) -> Iterator[Seen]:
    for what, traces in Counter(found).most_common(most):
        yield Seen(what=what, traces=traces)


def _examples(reader: BaselineReader, runs: Sequence[_Runs], count: int) -> Iterator[Example]:
    """One trace of each path class in turn, those with most traffic first."""
    for run in runs[:count]:
        stored = run.traces[0]
        if stored.trace is not None:
            yield example_of(entry_of(reader, stored), stored.id, stored.trace)
