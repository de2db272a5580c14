"""Parts: what one shard of a run found, so that whoever has all of them comes to the result of the whole run."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from ...recorders.errors import RuntimeBaselineError
from ..execute.plan import Loaded
from ..judge.blind_spots import ArmName, ChangedFile, Reach
from ..model.finding import Explored
from ..model.verdict import ClassVerdict
from .options import RunOptions
from .shards import Shard

if TYPE_CHECKING:
    from .run import Run


class PartsMismatch(RuntimeBaselineError):
    """Parts that are not the parts of one run."""


class LoadedFacts(msgspec.Struct, frozen=True):
    """What came out when the code under test was loaded, as far as reports show it."""

    import_faults: dict[str, str] = {}
    wall: str = ""
    faults: tuple[str, ...] = ()

    @classmethod
    def of(cls, loaded: Loaded) -> LoadedFacts:
        """Those of a candidate that is loaded."""
        return cls(dict(loaded.import_faults), loaded.wall, tuple(loaded.faults))


class Reached(msgspec.Struct, frozen=True, kw_only=True):
    """What replays reached of the change, in a fixed order; files are relative to the project's root."""

    changed: dict[str, ChangedFile]
    lines: dict[str, tuple[int, ...]]
    arms: tuple[ArmName, ...]
    unavailable: str


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What one shard found, before it means anything."""

    run: str
    """A digest of what was judged on what, and how: the same for all parts of a run, and for no others."""
    base: str
    """The revision or folder that the user named to compare with, or empty."""
    options: RunOptions
    """What was asked of the run, with the shard."""
    verdicts: tuple[ClassVerdict, ...]
    explored: tuple[Explored, ...]
    reached: Reached
    facts: LoadedFacts

    @property
    def shard(self) -> Shard:
        """Which part it is."""
        assert self.options.shard is not None
        return self.options.shard


def part_of(run: Run, facts: LoadedFacts) -> Part:
    """What a run that is a shard found so far."""
    found = run.found
    return Part(
        run=identity_of(run),
        base=run.project.setup.base,
        options=run.options._replace(accept=None),
        verdicts=tuple(found.verdicts),
        explored=tuple(found.explored),
        reached=_reached(found.reach, run.project.setup.root),
        facts=facts,
    )


def _base_of(run: Run) -> str:
    base = run.oracle.base
    return run.project.setup.base if base is None or not base.commit else base.commit


def identity_of(run: Run) -> str:
    """A digest of baseline, base, candidate and options: whatever decides on the result of a run, but its division."""
    oracle, reader = run.oracle, run.project.reader
    state = hashlib.blake2b(digest_size=16)
    options = run.options._replace(shard=None, accept=None)
    traces = sorted(trace for stored in reader.classes() for trace in stored.kept.values())
    new = oracle.versions.new
    facts = [repr(options), _base_of(run), str(oracle.differs), sys.version, *traces]
    for text in (*facts, *(part for module in sorted(new) for part in (module, new[module]))):
        state.update(text.encode("utf-8", "surrogatepass") + b"\0")
    return state.hexdigest()


def check_parts(parts: Sequence[Part]) -> None:
    """Raise `PartsMismatch` unless these are all parts of one run, each once."""
    if not parts:
        raise PartsMismatch("there is no part to merge: name the JSON reports of all shards")
    if len({part.run for part in parts}) > 1 or len({part.shard.of for part in parts}) > 1:
        first = parts[0]
        other = next(part for part in parts if part.run != first.run or part.shard.of != first.shard.of)
        raise PartsMismatch(
            f"these are parts of different runs: {first.shard.describe()} is of run {first.run[:8]}, "
            f"{other.shard.describe()} of run {other.run[:8]}. Take all of them from one workflow run: the same "
            "baseline, base, change, options and Python"
        )
    indices = [part.shard.index for part in parts]
    of = parts[0].shard.of
    missing = [str(index) for index in range(1, of + 1) if index not in indices]
    twice = sorted({str(index) for index in indices if indices.count(index) > 1})
    if twice:
        raise PartsMismatch(f"shard {', '.join(twice)} of {of} is there more than once: name each report once")
    if missing:
        raise PartsMismatch(f"shard {', '.join(missing)} of {of} is missing: its job did not come to a report")


def join(run: Run, parts: Sequence[Part]) -> LoadedFacts:
    """Let a run of the whole have found what its parts found; it replays nothing. Raises `PartsMismatch`."""
    check_parts(parts)
    if identity_of(run) != parts[0].run:
        raise PartsMismatch(
            "the reports are of another run than this one: merge them in a checkout of the same change, with the same "
            "baseline, base and Python"
        )
    root = run.project.setup.root
    for part in sorted(parts, key=lambda part: part.shard.index):
        for verdict in part.verdicts:
            run.found.add_verdict(verdict)
        for explored in part.explored:
            run.found.add_explored(explored)
        run.found.reach.add(_reach(part.reached, root))
    return LoadedFacts(
        {module: fault for part in parts for module, fault in part.facts.import_faults.items()},
        next((part.facts.wall for part in parts if part.facts.wall), ""),
        tuple(dict.fromkeys(fault for part in parts for fault in part.facts.faults)),
    )


def _reached(reach: Reach, root: str) -> Reached:
    """Lines of files that did not change are for coverage data alone, which each shard writes by itself."""

    def named(file: str) -> str:
        return file.removeprefix(root + os.sep)

    return Reached(
        changed={named(file): changed for file, changed in sorted(reach.changed.items())},
        lines={named(file): tuple(sorted(reach.lines.get(file, ()))) for file in sorted(reach.changed)},
        arms=tuple(sorted(reach.arms)),
        unavailable=reach.unavailable,
    )


def _reach(reached: Reached, root: str) -> Reach:
    return Reach(
        {os.path.join(root, file): changed for file, changed in reached.changed.items()},
        {os.path.join(root, file): set(lines) for file, lines in reached.lines.items()},
        set(reached.arms),
        unavailable=reached.unavailable,
    )
