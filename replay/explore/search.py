"""The search: inputs of one campaign, tried in batches, and what was found by then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from ..change.versions import Versions
from ..model.finding import Explored, TrialCounts
from ..model.progress import Progress
from .analyze.branch_distance import branch_distance_of
from .analyze.constant_pool import constant_pool_of
from .analyze.statefulness import changes_its_object, keeps_state
from .analyze.targets import Target
from .campaign import Campaign
from .differential import Form, Pair
from .draw import drawn
from .evaluate import fault_of
from .examine import Examiner, Tried
from .frontier import Frontier
from .generate.mutations import Mutations
from .generate.seeds import Mutant, Seed

SHARES = (0.2, 0.15, 0.15, 0.15, 0.15, 0.1)
"""Shares of the inputs, a batch each: a later batch goes on from what took a new path in an earlier one. Hypothesis
draws the rest, a tenth. Batches are few because each costs both processes a round trip. Measured on the regressions of
`benchmarks/explore.py` (one seed): 61 of 66 are found, 60 in one batch."""

LEAST_SHARE = 0.5
"""Share of the inputs that are tried also where a near difference is found before: a bound for the time that a
difference leaves to a second one, chosen, not measured."""

ENDLESS_LIMIT = 8
"""Inputs of one target that may come to no end before the rest is left: each costs a time limit on a side, 2.4 s in
all. On the pairs of `benchmarks/explore.py` two of 158 targets meet any, one as many."""

CROWDED = 4
"""Where more than a quarter of the trials of a batch differ to the byte, digests are made canonical from then on: equal
values may lie differently in memory, and examining each costs more than a canonical digest."""

LETTERS_LIMIT = 12
"""Times that an input on which the candidate hangs is tried with other letters: each takes its whole limit, 3.6 s in
all."""


class Search:
    """Tries inputs of one campaign."""

    def __init__(self, campaign: Campaign) -> None:
        target, shared = campaign.target, campaign.shared
        versions = shared.run.oracle.versions
        self._campaign = campaign
        self._forms = _forms(versions, target)
        """How inputs are tried, in turn."""
        self._frontier = Frontier(branch_distance_of(versions, target.functions), shared.arms)
        self._mutations = Mutations(self._seeds(), constant_pool_of(versions, target.functions), target.optional)
        self._counts: Counter[str] = Counter()
        """The results of the inputs, by the names of `TrialCounts`."""
        self._fault = ""
        """Why the last input that could not be tried could not."""
        self._endless: Counter[str] = Counter()
        """Pattern → inputs changed there that did not come to an end."""
        self._letters_left = LETTERS_LIMIT
        self._far: list[Tried] = []
        """Far inputs that differ to the byte, not examined yet."""
        self._is_crowded = False
        self._examiner = Examiner(campaign, self._mutations)
        self._progress = Progress(f"exploring {target.name}: inputs", shared.examples, shared.run.progress)

    def _seeds(self) -> list[Seed]:
        """The recorded inputs with the paths that they took."""
        recorded = self._campaign.recorded
        seeds = []
        for number, (source, pair) in enumerate(zip(recorded.inputs, self._campaign.pairs, strict=True)):
            self._frontier.is_new(pair)
            reached = self._frontier.reached(pair)
            path = b"".join(result.path for result in pair)
            seeds.append(Seed(number, source.tree, recorded.names, recorded.by_producers, *reached, path))
        return seeds

    def run(self) -> Explored:
        """Try everything; raises `CannotReplay`."""
        kept = self._kept()
        self._try(kept)
        found_before = self._examiner.findings.near
        for batch in self._batches():
            self._try(batch)
            is_enough = self._counts["examples"] >= self._campaign.shared.examples * LEAST_SHARE
            if is_enough and self._examiner.findings.near > found_before:
                break
        if not self._examiner.findings.near:  # who reads of a near one does not ask for far ones
            self._examine(self._far, near=False)
        self._keep()
        return self._explored(len(kept))

    def _explored(self, kept: int) -> Explored:
        target, findings = self._campaign.target, tuple(self._examiner.findings.all())
        is_nothing = self._counts["same"] == 0 and not findings
        return Explored(
            target=target.name,
            item=target.item,
            reason=self._fault if is_nothing else "",
            recorded=len(self._campaign.recorded.inputs),
            counts=TrialCounts(**self._counts),
            kept=kept,
            findings=findings,
        )

    # --- inputs ---

    def _kept(self) -> list[Mutant]:
        """Inputs of earlier runs that differed."""
        recorded = self._campaign.recorded.inputs
        of_trace = {source.stored.id: number for number, source in reversed(list(enumerate(recorded)))}
        kept = self._campaign.shared.database.load(self._campaign.target.name)
        return [Mutant(of_trace.get(trace, 0), tree) for trace, tree in kept]

    def _keep(self) -> None:
        source_of = self._campaign.runner.source_of
        kept = [(source_of(mutant).stored.id, mutant.tree) for mutant in self._examiner.minimal]
        self._campaign.shared.database.save(self._campaign.target.name, kept)

    def _batches(self) -> Iterator[list[Mutant]]:
        whole = self._campaign.shared.examples
        for share in SHARES:
            yield self._mutations.batch(round(whole * share))
        left = whole - self._counts["examples"]
        yield drawn(left, self._mutations.of_number) if left > 0 else []

    # --- trying ---

    def _try(self, batch: Sequence[Mutant]) -> None:
        """Try inputs. What is left when several did not come to an end is tried again without places that led there."""
        while batch:
            untried = self._run_once(batch)
            is_over = self._endless.total() > ENDLESS_LIMIT
            batch = [] if is_over else [mutant for mutant in untried if self._may_end(mutant)]
            self._counts["rejected"] += len(untried) - len(batch)

    def _may_end(self, mutant: Mutant) -> bool:
        return bool(mutant.pattern) and not self._endless[mutant.pattern]

    def _run_once(self, batch: Sequence[Mutant]) -> list[Mutant]:
        """Run inputs, and examine those that differ; those that were not tried."""
        start, runner = self._counts["examples"], self._campaign.runner
        tried = [
            Tried(mutant, self._forms[number % len(self._forms)]) for number, mutant in enumerate(batch, start=start)
        ]
        trials = [runner.trial(*each) for each in tried]
        pairs = runner.both(trials, traced=True, canonical=self._is_crowded)
        untried: list[Mutant] = []
        differing: list[Tried] = []
        hanging: list[Tried] = []
        for each, pair in zip(tried, pairs, strict=True):
            if any(result.ended == "untried" for result in pair):
                untried.append(each.mutant)
            elif self._counted(each.mutant, pair):
                (hanging if pair[1].ended == "hung" else differing).append(each)
        self._is_crowded = self._is_crowded or len(differing) > len(trials) // CROWDED
        self._examine_near([*differing, *map(self._in_recorded_letters, hanging)])
        return untried

    def _counted(self, mutant: Mutant, pair: Pair) -> bool:
        """Count the result of an input; whether it differs."""
        self._counts["examples"] += 1
        self._progress.count()
        if any(result.ended in ("hung", "crashed") for result in pair):
            self._endless[mutant.pattern] += 1
        self._fault = fault_of(pair) or self._fault
        evaluation = self._campaign.evaluator.evaluate(pair)
        if evaluation == "differs":
            return True
        self._counts[evaluation] += 1
        if evaluation == "same":
            reached = self._frontier.reached(pair)
            if self._frontier.is_new(pair):
                self._mutations.add_seed(mutant, *reached)
        return False

    def _in_recorded_letters(self, hanging: Tried) -> Tried:
        """An input on which the candidate hangs; where it is far for its letters alone, with letters of recorded kinds,
        if it hangs then too."""
        campaign = self._campaign
        if self._mutations.is_near(hanging.mutant.tree):
            return hanging
        for tree in self._mutations.in_recorded_letters(hanging.mutant.tree):
            if not self._letters_left:
                break
            self._letters_left -= 1
            other = hanging._replace(mutant=hanging.mutant._replace(tree=tree))
            [pair] = campaign.runner.both([campaign.runner.trial(*other)], canonical=self._is_crowded)
            if campaign.evaluator.evaluate(pair) == "differs" and pair[1].ended == "hung":
                return other
        return hanging

    # --- examining ---

    def _examine_near(self, differing: Sequence[Tried]) -> None:
        """Examine near inputs that differ to the byte; far ones wait."""
        near: list[Tried] = []
        for tried in differing:
            (near if self._mutations.is_near(tried.mutant.tree) else self._far).append(tried)
        self._examine(near, near=True)

    def _examine(self, differing: Sequence[Tried], *, near: bool) -> None:
        examined = self._examiner.examine(differing, near=near)
        self._counts.update(examined.counts)
        self._fault = examined.fault or self._fault


def _forms(versions: Versions, target: Target) -> tuple[Form, ...]:
    """By itself, or around another call where an object or a module keeps something from one call to the next; what an
    input does by itself is seen then too."""
    if target.kind == "method" and changes_its_object(versions, target.name):
        return ("before", "capitals", "after", "capitals")
    return ("before", "after") if keeps_state(versions, target.functions) else ("alone",)
