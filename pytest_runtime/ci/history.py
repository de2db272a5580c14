"""History: the commit to compare with, fetched where a shallow checkout lacks it."""

from __future__ import annotations

from collections.abc import Callable

from ..recorders.errors import BaseError, GitFailed
from ..replay.change.git import Git
from .github_event import Event

DEPTHS = (50, 500, 5_000)
"""Commits that are fetched at first, then, and then, before all of history is: most pull requests need the first."""


def base_commit(git: Git, event: Event, named: str, say: Callable[[str], None]) -> str:
    """The commit to compare with: what the user named, the first parent of a merge that GitHub made of a pull request,
    else where the change left the base that the event names; empty where the event names none.

    Fetches what is missing, and no more. Raises `BaseError`.
    """
    if named:
        return _available(git, named, say) or _no_base(named)
    # Where the proposed commit itself is checked out, its first parent is the branch and no base, also of a merge.
    if event.is_pull_request and git.commit("HEAD") != event.head and _is_merge(git):
        parent = git.commit("HEAD^1")
        if not parent:
            _fetch(git, git.commit("HEAD"), say, "--depth=2")
            parent = git.commit("HEAD^1")
        if parent:
            return parent
    wanted = event.base
    if not wanted and event.default_branch:
        wanted = f"origin/{event.default_branch}"
        if not git.commit(wanted):
            _fetch(git, f"+refs/heads/{event.default_branch}:refs/remotes/{wanted}", say, "--depth=1")
    if not wanted:
        return ""
    found = _available(git, wanted, say)
    if not found:
        # A push that was forced over its predecessor: nobody has that commit any more.
        say(f"the commit {wanted} is gone; the baseline's own commit is compared with")
        return ""
    return _merge_base(git, found, say) or found


def _no_base(named: str) -> str:
    raise BaseError(
        f"the revision {named!r} is not in this checkout and cannot be fetched: name a branch, tag or commit of this "
        "repository, or check out with fetch-depth: 0"
    )


def _is_merge(git: Git) -> bool:
    """Whether HEAD has two parents, known or not: a shallow commit still names them."""
    return git.ask("cat-file", "-p", "HEAD").partition("\n\n")[0].count("\nparent ") == 2


def _available(git: Git, revision: str, say: Callable[[str], None]) -> str:
    """The commit of a revision, fetched where it is not there; empty where it cannot be had."""
    found = git.commit(revision) or git.commit(f"origin/{revision}")
    if not found and not revision.startswith("-"):
        _fetch(git, revision, say, "--depth=1")
        found = git.commit(revision) or git.commit("FETCH_HEAD")
    return found


def _merge_base(git: Git, base: str, say: Callable[[str], None]) -> str:
    """Where HEAD left base, deepening a shallow history until it is found."""
    found = git.ask("merge-base", "HEAD", base)
    for depth in DEPTHS:
        if found or not _is_shallow(git):
            return found
        _fetch(git, base, say, f"--depth={depth}")
        _fetch(git, git.commit("HEAD"), say, f"--depth={depth}")
        found = git.ask("merge-base", "HEAD", base)
    if not found and _is_shallow(git):
        _fetch(git, base, say, "--unshallow")
        found = git.ask("merge-base", "HEAD", base)
    return found


def _is_shallow(git: Git) -> bool:
    return git.ask("rev-parse", "--is-shallow-repository") == "true"


def _fetch(git: Git, what: str, say: Callable[[str], None], depth: str) -> None:
    say(f"git fetch {depth} origin {what}")
    try:
        git.run("fetch", "--no-tags", "--quiet", depth, "origin", what)
    except GitFailed as error:
        say(str(error))  # what is missing in the end is reported with what to do
