"""Scratch candidates: a patch and a revision in folders of their own, and the user's files as they were."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from pytest_runtime.recorders.errors import UnknownRevision
from pytest_runtime.replay.change.base import find_base
from pytest_runtime.replay.change.scratch_candidate import PatchRefused, at_revision, patched

PATCH = """\
--- a/{prefix}pkg/a.py
+++ b/{prefix}pkg/a.py
@@ -1 +1 @@
-LIMIT = 1
+LIMIT = 2
"""


def git(folder: Path, *arguments: str) -> str:
    """What git prints."""
    author = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *author, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project in a folder of a repository, with a new file, an ignored one, and its own folder."""
    top = tmp_path / "repository"
    root = top / "services" / "shop"
    (root / "pkg").mkdir(parents=True)
    (root / "pkg" / "a.py").write_text("LIMIT = 1\n")
    (top / ".gitignore").write_text("*.env\n")
    git(top, "init", "--quiet", "--initial-branch=main")
    git(top, "add", "--all")
    git(top, "commit", "--quiet", "--message", "as it is")
    (root / "pkg" / "new.py").write_text("NEW = 1\n")
    (root / "local.env").write_text("KEY=1\n")
    (root / ".runtime").mkdir()
    (root / ".runtime" / ".gitignore").write_text("*\n")
    (root / ".runtime" / "x.baseline").write_text("data")
    return root


@pytest.mark.parametrize("prefix", ["services/shop/", ""])
def test_a_patch_is_applied_to_a_copy(project: Path, prefix: str) -> None:
    """Its paths count from the top of the repository or from the project; new and ignored files are there, too."""
    with patched(project, PATCH.format(prefix=prefix)) as root:
        assert (root / "pkg" / "a.py").read_text() == "LIMIT = 2\n"
        assert (root / "pkg" / "new.py").read_text() == "NEW = 1\n"
        assert (root / "local.env").read_text() == "KEY=1\n"
        assert (root / ".runtime" / "x.baseline").is_file()
        assert find_base(root, "", "").commit == git(project, "rev-parse", "HEAD")
    assert not root.exists()
    assert (project / "pkg" / "a.py").read_text() == "LIMIT = 1\n"
    assert git(project, "status", "--porcelain") == "?? services/shop/pkg/new.py"


@pytest.mark.parametrize(
    "patch",
    [
        "nonsense",
        PATCH.format(prefix="other/"),
        PATCH.format(prefix="../../../"),
        "--- /dev/null\n+++ b/.git/hooks/post-checkout\n@@ -0,0 +1 @@\n+x\n",
    ],
)
def test_a_patch_that_leads_elsewhere_is_refused(project: Path, patch: str) -> None:
    """Out of the copy, or into git's own folder: nothing of the user's is written."""
    with pytest.raises(PatchRefused, match="does not apply"), patched(project, patch):
        raise AssertionError("it was applied")
    assert not (project.parent.parent / ".git" / "hooks" / "post-checkout").exists()


@pytest.mark.parametrize("path", ["services/shop/.runtime/made", ".runtime/made", "services/shop/local.env"])
def test_a_patch_of_ignored_files_stays_in_the_copy(project: Path, path: str) -> None:
    """It is applied before there are links."""
    with patched(project, f"--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n+x\n") as root:
        assert (root / path.removeprefix("services/shop/")).read_text() == "x\n"
    assert not (project / ".runtime" / "made").exists()
    assert (project / "local.env").read_text() == "KEY=1\n"


def test_a_revision_is_compared_with_where_it_left(project: Path) -> None:
    """A branch with where it left `HEAD`; a commit that `HEAD` holds with its parent."""
    first = git(project, "rev-parse", "HEAD")
    git(project, "checkout", "--quiet", "-b", "wider")
    (project / "pkg" / "a.py").write_text("LIMIT = 3\n")
    git(project, "commit", "--quiet", "--all", "--message", "wider")
    second = git(project, "rev-parse", "HEAD")
    with at_revision(project, second) as (root, before):
        assert before == first
        assert (root / "pkg" / "a.py").read_text() == "LIMIT = 3\n"
        assert not (root / "pkg" / "new.py").exists()
    git(project, "checkout", "--quiet", "main")
    with at_revision(project, "wider") as (root, before):
        assert before == first
        assert (root / "pkg" / "a.py").read_text() == "LIMIT = 3\n"
    assert not root.exists()
    with pytest.raises(UnknownRevision), at_revision(project, "wide"):
        raise AssertionError("it was found")


def test_without_a_repository_there_is_neither(tmp_path: Path) -> None:
    """And the message says what to do instead."""
    for scratch in (patched(tmp_path, "x"), at_revision(tmp_path, "main")):
        with pytest.raises(PatchRefused, match="lies in no git repository"), scratch:
            raise AssertionError("it was made")
