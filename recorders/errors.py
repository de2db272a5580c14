"""The errors that a person can act on.

RuntimeBaselineError
├── StoreError             a baseline cannot be opened, read or written
│   ├── UnknownBaseline    there is none of that name
│   ├── NotABaseline       the file is something else, or damaged beyond reading
│   ├── StoreBusy          another process writes to it; trying again helps
│   ├── StoreLost          it was deleted, replaced or cut off while it was written to
│   └── NewerFormat        written by a newer version of this package
├── UnknownEntry           a baseline has no such entry
├── UnknownTrace           no baseline keeps such a trace, or several do
├── ConfigurationError     the project's configuration says something that cannot be
├── AcceptanceError        the file of acceptances says something that cannot be
├── KeyProblem             a key cannot be made, read or used
├── ProbeError             a probe cannot be placed, read or removed
│   ├── ProbeRefused       what it asks for is not accepted, or not allowed; says what and why
│   ├── UnknownProbe       there is none of that id
│   └── PolicyProblem      the policy cannot be read: nothing is placed
└── BaseError              the code to compare with cannot be had
    ├── NoBase             there is nothing to compare with; says what was tried
    ├── GitMissing         there is no git, or one that is too old
    ├── GitFailed          git refused; says what it said
    ├── NoWorkTree         the repository is bare, or the folder is git's own
    ├── UnknownRevision    neither a folder nor a revision
    ├── ShallowClone       the commit lies beyond what was cloned
    ├── UnresolvedConflict a merge is not finished
    └── MissingAtBase      the project's folder, or a submodule's commit, is not there at the base
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class RuntimeBaselineError(Exception):
    """Base of all errors of this package; the message says what was being done and what to do next."""


class KeyProblem(RuntimeBaselineError):
    """A key cannot be made, read or used; no message of it holds a private key."""


class ProbeError(RuntimeBaselineError):
    """A probe cannot be placed, read or removed."""


class ProbeRefused(ProbeError):
    """What a probe asks for is not accepted, or not allowed; the message says what and why."""


class UnknownProbe(ProbeError):
    """There is no probe of that id."""

    def __init__(self, probe_id: str, known: Sequence[str]) -> None:
        there_are = f"there are: {', '.join(known)}" if known else "there are none"
        super().__init__(
            f"no probe {probe_id!r}: {_nearest(probe_id, known)}{there_are}; see pytest-runtime probe list"
        )
        self.probe_id = probe_id


class PolicyProblem(ProbeError):
    """The policy for probes cannot be read: nothing is placed."""


class StoreError(RuntimeBaselineError):
    """A baseline cannot be opened, read or written."""

    def __init__(self, message: str, *, location: str) -> None:
        super().__init__(message)
        self.location = location


class UnknownBaseline(StoreError):
    """There is no baseline of that name."""

    def __init__(self, name: str, *, location: str, known: Sequence[str], outside: str = "") -> None:
        """`outside` is the folder in and above which there is no project, where there is none."""
        there_are = f"there are: {', '.join(known)}" if known else "there are none yet"
        super().__init__(
            f"no baseline {name!r}: nothing at {location}; {_nearest(name, known)}{there_are}. "
            f"{_outside(outside)}Record one with: pytest-runtime record --baseline {name} -- COMMAND",
            location=location,
        )
        self.name = name
        self.known = tuple(known)


def _outside(folder: str) -> str:
    """That a folder lies in no project; empty for none."""
    return f"Is this the right folder? There is no pyproject.toml at or above {folder}. " if folder else ""


def _nearest(name: str, known: Sequence[str]) -> str:
    """A question for whoever mistyped a name; empty where none is near."""
    import difflib  # not in a process that records

    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {near[0]!r}? " if near else ""


class NotABaseline(StoreError):
    """The file is something else, or damaged beyond reading."""

    def __init__(self, location: str, reason: str) -> None:
        super().__init__(
            f"{location} is not a readable baseline: {reason}. Restore it from where it was recorded, or record anew",
            location=location,
        )
        self.reason = reason


class StoreBusy(StoreError):
    """Another process writes to the baseline; trying again helps."""


class StoreLost(StoreError):
    """The baseline was deleted, replaced or cut off while it was written to: what was written is gone."""

    def __init__(self, location: str, happened: str) -> None:
        super().__init__(
            f"the baseline at {location} {happened} while it was recorded into: what was recorded is lost. "
            "Record anew, and leave the file alone until the service has ended",
            location=location,
        )
        self.happened = happened


class NewerFormat(StoreError):
    """The baseline was written by a newer version of this package."""

    def __init__(self, location: str, found: int, known: int) -> None:
        super().__init__(
            f"{location} has format {found}; this version reads up to {known}. Upgrade pytest-runtime",
            location=location,
        )
        self.found = found


NAMED = 10
"""Entries that a message names."""


class UnknownEntry(RuntimeBaselineError):
    """A baseline has no such entry."""

    def __init__(self, baseline: str, entry: str, known: Sequence[str]) -> None:
        more = f" and {len(known) - NAMED} more" if len(known) > NAMED else ""
        there_are = f"there are: {', '.join(known[:NAMED])}{more}" if known else "there are none"
        super().__init__(
            f"the baseline {baseline!r} has no entry {entry!r}; {_nearest(entry, known)}{there_are}. "
            f"List them with: pytest-runtime show {baseline}"
        )
        self.entry = entry
        self.known = tuple(known)


class UnknownTrace(RuntimeBaselineError):
    """No baseline keeps such a trace, or several traces have a name that begins so."""

    def __init__(self, trace: str, *, looked_in: Sequence[str], matching: Sequence[str] = ()) -> None:
        where = f"in {', '.join(looked_in)}" if looked_in else "anywhere: there are no baselines"
        if matching:
            problem = (
                f"several traces begin with {trace!r}: {', '.join(matching[:NAMED])}. "
                "Write more of the name, or name the baseline with --baseline"
            )
        else:
            problem = (
                f"no trace {trace!r} is kept {where}. A report and `pytest-runtime show NAME ENTRY` name those that are"
            )
        super().__init__(problem)
        self.trace = trace
        self.matching = tuple(matching)


class ConfigurationError(RuntimeBaselineError):
    """The project's configuration says something that cannot be."""


class AcceptanceError(RuntimeBaselineError):
    """The file of acceptances says something that cannot be."""

    def __init__(self, path: Path, line: int, problem: str) -> None:
        super().__init__(f"{path}:{line}: {problem}")
        self.path = path
        self.line = line


NAME_A_BASE = "name what to compare with: --runtime-base REV (a branch, tag or commit) or --runtime-base DIR"


class BaseError(RuntimeBaselineError):
    """The code to compare with cannot be had."""


class NoBase(BaseError):
    """There is nothing to compare with."""

    def __init__(self, root: Path, tried: Sequence[str]) -> None:
        super().__init__(f"found no base for {root}: {'; '.join(tried)}. To go on, {NAME_A_BASE}")
        self.root = root
        self.tried = tuple(tried)


class GitMissing(BaseError):
    """There is no git, or one that is too old."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"finding the base needs git, and {reason}. Install git 2.18 or newer, or {NAME_A_BASE}")
        self.reason = reason


class GitFailed(BaseError):
    """Git refused; the message is its own."""

    def __init__(self, command: str, folder: Path, said: str) -> None:
        super().__init__(f"`git {command}` failed in {folder}: {said}\nMend that, or {NAME_A_BASE}")
        self.command = command
        self.folder = folder
        self.said = said


class NoWorkTree(BaseError):
    """The repository is bare, or the folder is git's own."""

    def __init__(self, root: Path) -> None:
        super().__init__(
            f"{root} lies in a git repository without a working tree (a bare one, or the .git folder itself), "
            "so there is no candidate to compare. Run from a checkout: git worktree add ../checkout BRANCH"
        )
        self.root = root


class UnknownRevision(BaseError):
    """Neither a folder nor a revision."""

    def __init__(self, revision: str, root: Path, nearest: str) -> None:
        near = f"Did you mean {nearest!r}? " if nearest else ""
        super().__init__(
            f"--runtime-base {revision}: there is no folder of that name, and no branch, tag or commit in the "
            f"repository of {root}. {near}Where it is a remote branch or a new commit, fetch it first: git fetch origin"
        )
        self.revision = revision
        self.nearest = nearest


class ShallowClone(BaseError):
    """The commit lies beyond what was cloned."""

    def __init__(self, missing: str, *, depth: int, command: str) -> None:
        super().__init__(
            f"cannot find the base: this clone is shallow ({depth} commit{'' if depth == 1 else 's'} deep) and does "
            f"not reach {missing}. Fetch it: {command}   (on GitHub Actions: actions/checkout with `fetch-depth: 0`)"
        )
        self.missing = missing
        self.depth = depth
        self.command = command


class UnresolvedConflict(BaseError):
    """A merge, rebase or cherry-pick is not finished."""

    def __init__(self, root: Path, files: Sequence[str]) -> None:
        shown = ", ".join(files[:5]) + (f" and {len(files) - 5} more" if len(files) > 5 else "")
        super().__init__(
            f"the working tree at {root} has unresolved conflicts in {shown}: it is no candidate yet. "
            "Resolve them and `git add` the files, or give the merge up"
        )
        self.files = tuple(files)


class MissingAtBase(BaseError):
    """The project's folder, or a submodule's commit, is not there at the base."""

    def __init__(self, what: str, base: str, advice: str) -> None:
        super().__init__(f"{what} does not exist at the base, {base}. {advice}, or {NAME_A_BASE}")
        self.what = what
        self.base = base
