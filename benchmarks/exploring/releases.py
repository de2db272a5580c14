"""Releases: a package was recorded under ordinary usage, and a later release fixes an edge case
that this usage does not hit. Replays of the recording say nothing of it; does exploring find it?

Packages come from the package index at pinned versions; nothing of them is in this repository.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from judging.subject import CONFIGURATION, TRAFFIC, SubjectFailed, copy_package, fetched

from exploring.measured import run
from exploring.project import BASELINE, environ_of

SECONDS = 1200.0
BAD = ("divergences", "errors", "hung", "crashed")
"""Lists of the report whose rows say that a replay did not come out as base's."""

Report = Mapping[str, Any]


@dataclass(frozen=True)
class Edge:
    """An entry of a changelog, and how a finding that shows it is told, as regular expressions."""

    entry: str
    """In a few words."""
    source: str
    """Where it stands."""
    call: str
    base: str = ""
    """What the old release does."""
    candidate: str = ""
    missed: str = ""
    """Why it is not found, where that is known."""

    def is_shown(self, finding: Report) -> bool:
        wanted = ((self.call, "call"), (self.base, "base"), (self.candidate, "candidate"))
        return all(re.search(pattern, finding[key]) for pattern, key in wanted)


@dataclass(frozen=True)
class Release:
    """Two releases, and the edge cases that the new one fixes."""

    distribution: str
    package: str
    """What is imported: a package or a module."""
    old: str
    new: str
    edges: tuple[Edge, ...]
    needs: tuple[str, ...] = ()
    """Requirements that it cannot be imported without."""

    @property
    def name(self) -> str:
        return f"{self.distribution} {self.old} to {self.new}"


GITHUB = "https://github.com/"
BOLTONS = f"{GITHUB}mahmoud/boltons/blob/master/CHANGELOG.md"
HUMANIZE = f"{GITHUB}python-humanize/humanize/pull/"
ISO8601 = f"{GITHUB}micktwomey/pyiso8601/blob/main/CHANGELOG.md"
ISODATE = f"{GITHUB}gweis/isodate/blob/master/CHANGES.txt"
JMESPATH = f"{GITHUB}jmespath/jmespath.py/blob/develop/CHANGELOG.rst"
MORE_ITERTOOLS = f"{GITHUB}more-itertools/more-itertools/blob/master/docs/versions.rst"
NUM2WORDS = f"{GITHUB}savoirfairelinux/num2words/blob/master/CHANGES.rst"
SEMVER = f"{GITHUB}python-semver/python-semver/blob/master/CHANGELOG.rst"

RELEASES = (
    Release(
        "boltons",
        "boltons",
        "25.0.0",
        "26.0.0",
        (
            Edge("bytes2human rollover at exact powers of 1024", BOLTONS, r"^bytes2human\(", r"'-?1024"),
            Edge("split maxsplit=0 wrapping its source", BOLTONS, r"^split\(.*maxsplit=0\b", r"\[\[\["),
        ),
    ),
    Release(
        "humanize",
        "humanize",
        "4.15.0",
        "4.16.0",
        (
            Edge("natural_list of an empty list", f"{HUMANIZE}318", r"^natural_list\(items=\[\]", "IndexError", "''"),
            Edge(
                "naturalsize rollover at unit boundaries",
                f"{HUMANIZE}329",
                r"^naturalsize\(",
                r"'-?10(00|24)\.\d",
                missed="no size is tried that rounds up to the next unit",
            ),
            Edge(
                "metric rollover at unit boundaries",
                f"{HUMANIZE}328",
                r"^metric\(",
                r"'-?1000",
            ),
        ),
    ),
    Release(
        "isodate",
        "isodate",
        "0.6.1",
        "0.7.2",
        (Edge("garbage at the end of what is parsed", ISODATE, r"^parse_", "^returned", "ISO8601Error"),),
        needs=("six==1.16.0",),
    ),
    Release(
        "jmespath",
        "jmespath",
        "0.9.3",
        "0.9.4",
        (Edge("min_by and max_by of empty lists", JMESPATH, "(min|max)_by", "ValueError.*empty", "None"),),
    ),
    Release(
        "more-itertools",
        "more_itertools",
        "10.8.0",
        "11.0.0",
        (Edge("exactly_n with a negative number", MORE_ITERTOOLS, r"^exactly_n\(.*n=-", "ValueError", "False"),),
    ),
    Release(
        "num2words",
        "num2words",
        "0.5.12",
        "0.5.13",
        (
            Edge(
                "Persian 15 to 19",
                NUM2WORDS,
                "lang='fa'",
                "پونزده|شونزده|هیفده|هیجده|ده و نه",
                missed="no number between 15 and 19 is tried",
            ),
            Edge(
                "Brazilian thousands with exact hundreds",
                NUM2WORDS,
                "pt_BR",
                r"mil, \w+entos'",
                r"mil e \w+entos'",
                missed="no such number is tried",
            ),
            Edge(
                "Brazilian exact hundreds of millions",
                NUM2WORDS,
                "pt_BR",
                r"cento \w+lhões'",
                r"cem \w+lhões'",
                missed="no such number is tried",
            ),
        ),
    ),
    Release(
        "semver",
        "semver",
        "2.0.0",
        "2.0.1",
        (Edge("comparison of equal versions", SEMVER, r"^compare\(", "returned 1", "returned 0"),),
    ),
    Release(
        "iso8601",
        "iso8601",
        "0.1.5",
        "0.1.6",
        (
            Edge(
                "negative offsets with minutes",
                ISO8601,
                r"-\d\d:?\d\d",
                missed="minutes that were seen are not put into negative offsets",
            ),
        ),
    ),
    Release(
        "iso8601",
        "iso8601",
        "0.1.6",
        "0.1.7",
        (
            Edge(
                "fractions of seconds with a leading zero",
                ISO8601,
                r"\.0\d",
                missed="digits inside a text are changed in a few of the recorded texts only",
            ),
        ),
    ),
    Release(
        "jmespath",
        "jmespath",
        "0.9.0",
        "0.9.1",
        (
            Edge(
                "avg of an empty list",
                JMESPATH,
                "avg",
                "ZeroDivisionError",
                "None",
                missed="the empty list is tried with other expressions only",
            ),
        ),
    ),
    Release(
        "semver",
        "semver",
        "2.2.0",
        "2.2.1",
        (
            Edge(
                "comparison when a component is zero",
                SEMVER,
                r"^(compare|match)\(",
                missed="base raises TypeError, which counts as nonsense",
            ),
        ),
    ),
    Release(
        "semver",
        "semver",
        "2.7.1",
        "2.7.2",
        (
            Edge(
                "prerelease 0",
                SEMVER,
                r"-([\w.]*\.)?0\b",
                "ValueError",
                "^returned",
                missed="digits inside a text are changed in a few of the recorded texts only",
            ),
        ),
    ),
)
"""Releases of which an edge case is found, then those that were tried and of which none is."""


@dataclass(frozen=True)
class Explored:
    """What was said of two releases."""

    replayed: tuple[str, ...]
    """Where the recorded usage alone diverges."""
    findings: tuple[Report, ...]
    reasons: tuple[str, ...]
    """Functions that were not explored, each with the reason."""
    examples: int
    seconds: float
    """CPU that exploring takes on top of replaying."""


@dataclass(frozen=True)
class Row:
    """What became of one edge case."""

    release: Release
    edge: Edge
    explored: Explored

    @property
    def verdict(self) -> str:
        """`near`, `far`, or `missed`."""
        return "missed" if self.shown is None else "near" if self.shown["near"] else "far"

    @property
    def shown(self) -> Report | None:
        """The finding that shows it: a near one before a far one, then the shortest call."""
        found = filter(self.edge.is_shown, self.explored.findings)
        return min(found, key=lambda one: (not one["near"], len(one["call"]), one["call"]), default=None)

    @property
    def others(self) -> tuple[Report, ...]:
        """Findings that show none of the edge cases."""
        edges = self.release.edges
        return tuple(one for one in self.explored.findings if not any(edge.is_shown(one) for edge in edges))


def rows(wanted: Sequence[Release], scratch: Path, examples: int, note: Callable[[Row], None]) -> list[Row]:
    """One for each edge case; raises `SubjectFailed` when a package cannot be fetched, recorded or judged."""
    found = []
    for release in wanted:
        explored = judged(release, scratch / release.name, examples)
        for edge in release.edges:
            found.append(Row(release, edge, explored))
            note(found[-1])
    return found


def judged(release: Release, folder: Path, examples: int) -> Explored:
    """Record the old release, then replay, and explore, on the new one."""
    base, candidate = folder / "base", folder / "candidate"
    lay_out(release, release.old, base)
    lay_out(release, release.new, candidate)
    environ = environ_of(0)
    record = [sys.executable, "-m", "pytest_runtime", "record", "--baseline", BASELINE, "--", sys.executable]
    recorded = run([*record, "traffic.py"], base, environ, SECONDS)
    if recorded.status != 0:
        raise SubjectFailed(f"{release.name} cannot be recorded: {recorded.output[-3000:]}")
    shutil.copytree(base / ".runtime", candidate / ".runtime")
    called(base, candidate, environ)  # the first run makes the seal
    replayed, replaying = called(base, candidate, environ)
    report, exploring = called(base, candidate, environ, f"--runtime-explore={examples}")
    targets = report["explored"]
    return Explored(
        tuple(f"{row['entry']} {row.get('field', row.get('reason'))}" for name in BAD for row in replayed[name]),
        tuple(one for target in targets for one in target["findings"]),
        tuple(f"{one['target']}: {one['reason']}" for one in targets if one["reason"]),
        sum(one["examples"] for one in targets),
        exploring - replaying,
    )


def lay_out(release: Release, version: str, folder: Path) -> None:
    """One release with the traffic."""
    folder.mkdir(parents=True)
    store = fetched(f"{release.distribution}=={version}", folder.parent / "fetched")
    if (store / release.package).is_dir():
        copy_package(store / release.package, folder / release.package)
    else:
        shutil.copy(store / f"{release.package}.py", folder)
    for metadata in store.glob("*.dist-info"):
        copy_package(metadata, folder / metadata.name)
    for requirement in release.needs:
        shutil.copytree(fetched(requirement, folder.parent / "fetched"), folder, dirs_exist_ok=True)
    shutil.copy(TRAFFIC / f"{release.package}_edges.py", folder / "traffic.py")
    (folder / "pyproject.toml").write_text(CONFIGURATION.format(package=release.package, settings=""))


def called(base: Path, candidate: Path, environ: Mapping[str, str], *options: str) -> tuple[Report, float]:
    """The report on the candidate, and the CPU that it took."""
    file = candidate / "report.json"
    file.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "-p", "pytest_runtime.plugin", "-p", "no:cacheprovider", "--tb=no"]
    # In one word: pytest takes a path that follows an option it does not know yet for the folder to test.
    command += [f"--runtime-baseline={BASELINE}", f"--runtime-base={base}", "--runtime-only"]
    ran = run([*command, f"--runtime-json={file}", *options], candidate, environ, SECONDS)
    if not file.exists():
        raise SubjectFailed(f"pytest {' '.join(options)} ended with {ran.status} and no report: {ran.output[-3000:]}")
    report: dict[str, Any] = json.loads(file.read_text())
    return report, ran.cpu
