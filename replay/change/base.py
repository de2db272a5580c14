"""The base: which code the candidate is compared with, and why it is that.

It is found in a fixed order: what the user named; `HEAD` when the working tree is dirty (so in a pre-commit hook, but
not in the check of a pull request); the merge base with the branch that the change goes to; the commit that was
recorded. A clone that does not reach far
enough is an error and never a reason to take the next one: another base would silently answer another question.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from ...recorders.errors import NoBase, ShallowClone, UnknownRevision, UnresolvedConflict
from .files import content, is_source, skipped
from .git import Git, open_git

BaseKind: TypeAlias = Literal["revision", "directory"]
CommitId: TypeAlias = str
"""All of its hexadecimal digits."""

TARGET_VARIABLES = ("GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME")
"""Where GitHub and GitLab name the branch that a pull or merge request goes to."""

DEFAULT_BRANCHES = ("origin/main", "origin/master", "main", "master")
"""Remote ones first: a local branch of that name is often months old."""

_PULL_REQUEST = re.compile(r"refs/pull/\d+/merge")


class Base(NamedTuple):
    """Which code the candidate is compared with."""

    kind: BaseKind
    commit: CommitId
    """Empty for a directory."""
    label: str
    """For people: `HEAD`, `merge base with origin/main (ab12cd34)`, `directory ../old`."""
    reason: str
    """Why it is this one, as a sentence."""
    location: Path
    """The project's root in the user's repository, or the directory."""
    prefix: str
    """The project's path inside the repository, empty or with a slash at the end."""


class _Choice(NamedTuple):
    """A commit that was chosen."""

    commit: CommitId
    label: str
    reason: str


Matters: TypeAlias = Callable[[str, bytes, bytes], bool]
"""Of a path and its content at `HEAD` and now, empty where it is not there: whether the difference can matter."""


def any_difference(path: str, before: bytes, now: bytes) -> bool:
    """Every changed file matters."""
    return True


def find_base(
    root: Path,
    wanted: str,
    recorded_commit: str,
    *,
    variables: Mapping[str, str] = os.environ,
    matters: Matters = any_difference,
) -> Base:
    """The base for the project at `root`; `wanted` is what the user named, or empty. Raises `BaseError`.

    A relative folder in `wanted` counts from the current one. `variables` are those of the environment, in which
    continuous integration says about pull requests. `matters` says of a dirty file whether it is a reason to compare
    with `HEAD` alone: what is not must not hide the commits of the branch.
    """
    if wanted and Path(wanted).is_dir():
        return _directory(wanted)
    git = open_git(root)
    if git is None:
        raise NoBase(root, [f"{root} lies in no git repository"])
    changed = _changed_files(git, root)
    if wanted:
        return _base(git, _named(git, wanted))
    tried = []
    mattering = [path for path in changed if matters(path, _at_head(git, path), content(root / path) or b"")]
    for found in _choices(git, changed, mattering, recorded_commit, variables):
        if isinstance(found, _Choice):
            return _base(git, found)
        tried.append(found)
    raise NoBase(root, tried)


def _directory(wanted: str) -> Base:
    reason = f"--runtime-base names the folder {wanted}"
    return Base("directory", "", f"directory {wanted}", reason, Path(wanted).absolute(), "")


def _base(git: Git, choice: _Choice) -> Base:
    prefix = git.text("rev-parse", "--show-prefix")
    return Base("revision", choice.commit, choice.label, choice.reason, git.folder, prefix)


def _choices(
    git: Git, changed: list[str], mattering: list[str], recorded: CommitId, variables: Mapping[str, str]
) -> Iterator[_Choice | str]:
    """What may be the base, best first, each a choice or the reason why it is none.

    In the check of a pull request the change is the pull request: a file that the job itself made is no reason to
    compare with `HEAD`. Nor is one that cannot matter, where there is a branch to compare with: the working tree is
    compared with its merge base, dirty files and all.
    """
    in_pull_request = any(variables.get(name) for name in TARGET_VARIABLES)
    if in_pull_request:
        yield _tested_merge(git, variables)
    else:
        yield _head(git, mattering)
    yield _merge_base(git, variables)
    yield _head(git, changed)
    yield _recorded(git, recorded)


# --- what the user named ---------------------------------------------------------------------------------------------


def _named(git: Git, wanted: str) -> _Choice:
    commit = git.commit(wanted)
    if commit:
        label = short(commit) if commit.startswith(wanted) else f"{wanted} ({short(commit)})"
        return _Choice(commit, label, f"--runtime-base names {wanted}")
    known = git.text("for-each-ref", "--format=%(refname:short)").splitlines()
    near = difflib.get_close_matches(wanted, known, n=1)
    if not near and (depth := _shallow_depth(git)):
        raise ShallowClone(f"the revision {wanted!r}", depth=depth, command="git fetch --unshallow origin")
    raise UnknownRevision(wanted, git.folder, near[0] if near else "")


# --- a dirty tree ----------------------------------------------------------------------------------------------------


def _changed_files(git: Git, root: Path) -> list[str]:
    """Changed tracked files under the project's root, and new Python ones; raises `UnresolvedConflict`."""
    status = ("status", "--porcelain=v2", "-z", "--untracked-files=all", "--no-renames", "--", ".")
    changed, conflicts = [], []
    for line in git.fields(*status):
        match line[0]:
            case "u":
                conflicts.append(line.split(" ", 10)[10])
            case "1":
                changed.append(line.split(" ", 8)[8])
            case "?" if line.endswith(".py") and not skipped(line[2:]):
                changed.append(line[2:])
    if conflicts:
        raise UnresolvedConflict(root, conflicts)
    return [path for path in changed if is_source(path)]


def _at_head(git: Git, path: str) -> bytes:
    """A file at `HEAD`; empty where it is not there."""
    prefix = git.text("rev-parse", "--show-prefix")
    return git.run("show", f"HEAD:{prefix}{path}") if git.commit("HEAD") and _is_tracked(git, path) else b""


def _is_tracked(git: Git, path: str) -> bool:
    return bool(git.ask("ls-tree", "--name-only", "HEAD", "--", path))


def _head(git: Git, changed: list[str]) -> _Choice | str:
    if not changed:
        return "HEAD is what the working tree holds"
    commit = git.commit("HEAD")
    if not commit:
        return "there is no commit yet"
    more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
    return _Choice(commit, "HEAD", f"the working tree is dirty: {changed[0]}{more}")


# --- the merge base --------------------------------------------------------------------------------------------------


def _tested_merge(git: Git, variables: Mapping[str, str]) -> _Choice | str:
    """GitHub checks out a merge made for the test: its first parent is the branch that the pull request goes to."""
    head = git.commit("HEAD")
    if not _PULL_REQUEST.fullmatch(variables.get("GITHUB_REF", "")) or variables.get("GITHUB_SHA") != head:
        return "this is no checkout of a pull request's merge"
    target = variables.get("GITHUB_BASE_REF", "the target branch")
    parent = git.commit("HEAD^1")
    if parent:
        label = f"merge base with {target} ({short(parent)})"
        return _Choice(parent, label, f"the pull request was merged into {target} for this check")
    return f"the first parent of the pull request's merge ({target}) is not in this clone"


def _merge_base(git: Git, variables: Mapping[str, str]) -> _Choice | str:
    target = next((variables[name] for name in TARGET_VARIABLES if variables.get(name)), "")
    branch = _target_branch(git, target)
    if not branch:
        return "there is no origin/HEAD, and no branch main or master"
    head = git.commit("HEAD")
    if not head:
        return "there is no commit yet"
    commit = _trusted_merge_base(git, branch)
    if not commit:
        return f"HEAD and {branch} have no commit in common"
    if commit == head:
        return f"HEAD is part of {branch}"
    label = f"merge base with {branch} ({short(commit)})"
    return _Choice(commit, label, f"the working tree is clean, and HEAD has left {branch}")


def _target_branch(git: Git, target: str) -> str:
    """The branch that the change goes to, or empty; raises `ShallowClone` when it is known but was not cloned."""
    if target:
        for name in (f"origin/{target}", target):
            if git.commit(name):
                return name
        if depth := _shallow_depth(git):
            command = f"git fetch --unshallow origin +refs/heads/{target}:refs/remotes/origin/{target}"
            raise ShallowClone(f"the branch {target}, which the change goes to", depth=depth, command=command)
    remote = git.ask("symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD")
    return next((name for name in (remote, *DEFAULT_BRANCHES) if name and git.commit(name)), "")


def _trusted_merge_base(git: Git, branch: str) -> CommitId:
    """The merge base, or empty where there is none; raises `ShallowClone` where the clone is too shallow to tell.

    In a shallow clone git takes the commits at the edge for roots, and may find an older merge base than the true one.
    It is the true one when no commit at the edge lies between it and the two sides.
    """
    found = git.ask("merge-base", "HEAD", branch).partition("\n")[0]
    edge = _edge(git)
    if edge:
        between = git.ask("rev-list", "HEAD", branch, *([f"^{found}"] if found else [])).splitlines()
        if not edge.isdisjoint(between):
            command = "git fetch --deepen=100 origin   (again until it is enough, or git fetch --unshallow origin)"
            missing = f"the merge base of HEAD and {branch}"
            raise ShallowClone(missing, depth=_shallow_depth(git), command=command)
    return found


def _edge(git: Git) -> set[CommitId]:
    """The commits of a shallow clone whose parents were not cloned."""
    path = git.folder / git.text("rev-parse", "--git-path", "shallow")
    return set(path.read_text(encoding="ascii").split()) if path.is_file() else set()


def _shallow_depth(git: Git) -> int:
    """How many commits of history a shallow clone holds; 0 for a whole one."""
    return int(git.ask("rev-list", "--count", "HEAD") or 1) if _edge(git) else 0


# --- the recorded commit ---------------------------------------------------------------------------------------------


def _recorded(git: Git, recorded: CommitId) -> _Choice | str:
    if not recorded:
        return "the baseline does not say which commit was recorded"
    commit = git.commit(recorded)
    if commit:
        label = f"the recorded commit {short(commit)}"
        return _Choice(commit, label, "there is no branch to compare with, so it is what was recorded")
    if depth := _shallow_depth(git):
        command = "git fetch --unshallow origin"
        raise ShallowClone(f"the recorded commit {recorded}", depth=depth, command=command)
    return f"the recorded commit {short(recorded)} is not in this repository (git fetch origin {recorded} may get it)"


def short(commit: CommitId) -> str:
    """A commit's id as people write it."""
    return commit[:8]
