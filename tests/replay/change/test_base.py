"""The base: which code a change is compared with, how its files are had, and that nothing of the user's changes."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from pathlib import Path

import pytest

from pytest_runtime.recorders.errors import (
    BaseError,
    GitFailed,
    GitMissing,
    MissingAtBase,
    NoBase,
    NoWorkTree,
    RuntimeBaselineError,
    ShallowClone,
    UnknownRevision,
    UnresolvedConflict,
)
from pytest_runtime.replay.change.base import Base, find_base
from pytest_runtime.replay.change.checkout import checked_out
from pytest_runtime.replay.change.files import blob_id, folder_tree, read_at, tree_of, tree_of_working

LOCAL: dict[str, str] = {}
"""The variables of a person's terminal: nothing about pull requests."""


class Repository:
    """A git repository with one file, on the branch main."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--initial-branch=main")
        self.write("shop.py", "one\n")
        self.first = self.commit("first")

    def git(self, *arguments: str) -> str:
        """Run git as a user would."""
        done = subprocess.run(["git", *arguments], cwd=self.path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def write(self, name: str, text: str) -> Path:
        """Write a file."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def commit(self, message: str) -> str:
        """Commit everything; returns the commit."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def commits(self, count: int) -> str:
        """Commit some changes; returns the last commit."""
        for number in range(count):
            self.write("shop.py", f"{self.git('branch', '--show-current')} {number}\n")
            self.commit(str(number))
        return self.git("rev-parse", "HEAD")

    def state(self) -> dict[str, str]:
        """Everything that must stay as it is."""
        index = (self.path / ".git" / "index").read_bytes()
        files = [*self.path.rglob("*")]
        return {
            "status": self.git("--no-optional-locks", "status", "--porcelain", "--ignored"),
            "index": hashlib.sha256(index).hexdigest(),
            "refs": self.git("for-each-ref"),
            "head": (self.path / ".git" / "HEAD").read_text(),
            "worktrees": self.git("worktree", "list"),
            "stash": self.git("stash", "list"),
            "whole": self.git("fsck", "--no-progress"),
            "config": self.git("config", "--list", "--show-origin"),
            "files": "\n".join(sorted(f"{one} {one.lstat().st_mtime_ns}" for one in files if one.is_file())),
        }


@pytest.fixture(autouse=True)
def _people(monkeypatch: pytest.MonkeyPatch) -> None:
    """A git that knows who commits, and nothing of this machine."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "a")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "a@example.org")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A repository."""
    return Repository(tmp_path / "project")


def found(root: Path, wanted: str = "", recorded: str = "", **variables: str) -> Base:
    """The base, in an environment of its own."""
    return find_base(root, wanted, recorded, variables=variables)


def feature_branch(repository: Repository) -> str:
    """Leave main by one commit, while main goes on by another; returns where they parted."""
    parted = repository.git("rev-parse", "HEAD")
    repository.git("switch", "--quiet", "--create", "feature")
    repository.write("feature.py", "new\n")
    repository.commit("feature")
    repository.git("switch", "--quiet", "main")
    repository.write("other.py", "other\n")
    repository.commit("main goes on")
    repository.git("switch", "--quiet", "feature")
    return parted


def clone(source: Repository, target: Path, *arguments: str) -> Repository:
    """A clone, as continuous integration makes it."""
    source.git("clone", "--quiet", *arguments, f"file://{source.path}", str(target))
    made = Repository.__new__(Repository)
    made.path = target
    return made


# --- the order ---


def test_a_dirty_tree_is_compared_with_head(repository: Repository) -> None:
    """Even on a branch: in a pre-commit hook, what is being committed is the change."""
    feature_branch(repository)
    repository.write("shop.py", "two\n")
    base = found(repository.path)
    assert (base.kind, base.commit, base.label) == ("revision", repository.git("rev-parse", "HEAD"), "HEAD")
    assert base.reason == "the working tree is dirty: shop.py"


def test_a_new_python_file_makes_a_tree_dirty(repository: Repository) -> None:
    """Notes, files of caches, the acceptances and our own folder do not."""
    feature_branch(repository)
    repository.write("notes.txt", "x")
    repository.write("runtime-accepted.toml", "x")
    repository.write(".runtime/staging/x.py", "x")
    repository.write(".venv/lib/x.py", "x")
    assert found(repository.path).label.startswith("merge base with main")
    repository.write("new.py", "x")
    assert found(repository.path).reason == "the working tree is dirty: new.py"


def test_a_changed_file_of_acceptances_leaves_the_base(repository: Repository) -> None:
    """Writing down what was found against the merge base must not change what the next run compares with."""
    repository.write("runtime-accepted.toml", "old")
    repository.commit("accepted")
    parted = feature_branch(repository)
    repository.write("runtime-accepted.toml", "[[accepted]]\n")
    base = found(repository.path)
    assert base.commit == parted
    assert "runtime-accepted.toml" not in tree_of(base)
    assert read_at(base, ["runtime-accepted.toml"]) == {"runtime-accepted.toml": b"old"}


def test_only_changes_under_the_project_count(repository: Repository) -> None:
    """A project may be a folder of a repository: its base knows where."""
    repository.write("services/shop/web.py", "one\n")
    repository.commit("service")
    parted = feature_branch(repository)
    repository.write("shop.py", "another project\n")
    base = found(repository.path / "services" / "shop")
    assert (base.commit, base.prefix) == (parted, "services/shop/")
    assert tree_of(base) == {"web.py": blob_id(b"one\n")}


def test_a_clean_branch_is_compared_with_the_merge_base(repository: Repository) -> None:
    """Not with the tip of main, which has gone on."""
    parted = feature_branch(repository)
    base = found(repository.path)
    assert base.commit == parted
    assert base.label == f"merge base with main ({parted[:8]})"


def test_the_remote_default_branch_comes_before_local_ones(repository: Repository, tmp_path: Path) -> None:
    """Whatever it is called."""
    repository.git("branch", "--move", "main", "trunk")
    repository.git("branch", "main", repository.first)
    repository.commits(2)
    cloned = clone(repository, tmp_path / "clone")
    parted = cloned.git("rev-parse", "HEAD")
    cloned.git("branch", "main", repository.first)
    cloned.git("switch", "--quiet", "--create", "feature")
    cloned.commits(1)
    assert found(cloned.path).label == f"merge base with origin/trunk ({parted[:8]})"


def test_on_the_default_branch_it_is_the_recorded_commit(repository: Repository) -> None:
    """The merge base would be what is there."""
    repository.commits(1)
    base = found(repository.path, recorded=repository.first)
    assert base.commit == repository.first
    assert base.label == f"the recorded commit {repository.first[:8]}"


def test_what_was_named_comes_first(repository: Repository) -> None:
    """A branch, a tag, a commit in full or in part, also of a dirty tree."""
    repository.git("tag", "v1")
    repository.commits(1)
    repository.write("shop.py", "dirty\n")
    first = repository.first
    assert found(repository.path, "v1").label == f"v1 ({first[:8]})"
    assert found(repository.path, "HEAD~1").commit == first
    assert found(repository.path, first[:10]).label == first[:8]


def test_a_folder_may_be_named(repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes before a branch of that name, counts from the current folder, and needs no git."""
    (tmp_path / "old").mkdir()
    repository.git("branch", "old")
    monkeypatch.chdir(tmp_path)
    base = found(repository.path, "old")
    assert (base.kind, base.commit, base.label) == ("directory", "", "directory old")
    monkeypatch.setenv("PATH", "")
    assert find_base(repository.path, "old", "").location == tmp_path / "old"


def test_without_any_base_it_says_what_was_tried(repository: Repository) -> None:
    """And what to do."""
    with pytest.raises(NoBase) as caught:
        found(repository.path, recorded="0" * 40)
    assert caught.value.tried[0] == "HEAD is what the working tree holds"
    assert "HEAD is part of main" in caught.value.tried
    assert "the recorded commit 00000000 is not in this repository" in str(caught.value)
    assert "--runtime-base DIR" in str(caught.value)


def test_a_repository_without_a_commit_has_no_base(tmp_path: Path) -> None:
    """However many files it has."""
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    (tmp_path / "a.py").touch()
    with pytest.raises(NoBase, match="there is no commit yet"):
        found(tmp_path)


def test_branches_without_a_common_commit_have_no_merge_base(repository: Repository) -> None:
    """A branch of documents, for example."""
    repository.git("switch", "--quiet", "--orphan", "pages")
    repository.commit("pages")
    with pytest.raises(NoBase, match="HEAD and main have no commit in common"):
        found(repository.path)


# --- pull requests ---


def pull_request(repository: Repository) -> tuple[str, dict[str, str]]:
    """The merge that GitHub makes for a check, at `refs/pull/1/merge`; returns main's tip and the variables."""
    feature_branch(repository)
    tip = repository.git("rev-parse", "main")
    repository.git("switch", "--quiet", "--detach", "main")
    repository.git("merge", "--quiet", "--no-ff", "feature", "-m", "merge")
    merge = repository.git("rev-parse", "HEAD")
    repository.git("update-ref", "refs/pull/1/merge", merge)
    repository.git("switch", "--quiet", "main")
    return tip, {"GITHUB_REF": "refs/pull/1/merge", "GITHUB_SHA": merge, "GITHUB_BASE_REF": "main"}


def checkout_action(repository: Repository, target: Path, depth: int) -> Repository:
    """What actions/checkout does for a pull request; depth 0 fetches everything."""
    made = Repository.__new__(Repository)
    made.path = target
    target.mkdir()
    made.git("init", "--quiet")
    made.git("remote", "add", "origin", f"file://{repository.path}")
    branches = ["+refs/heads/*:refs/remotes/origin/*"] if not depth else [f"--depth={depth}"]
    made.git("fetch", "--quiet", "origin", *branches, "+refs/pull/1/merge:refs/remotes/pull/1/merge")
    made.git("checkout", "--quiet", "refs/remotes/pull/1/merge")
    return made


@pytest.mark.parametrize("depth", [0, 2])
def test_a_pull_request_is_compared_with_its_target(repository: Repository, tmp_path: Path, depth: int) -> None:
    """GitHub checks out a detached merge; two commits of depth are enough, and what the job made is no change."""
    tip, variables = pull_request(repository)
    checkout = checkout_action(repository, tmp_path / "checkout", depth)
    checkout.write("generated_by_the_job.py", "x")
    base = found(checkout.path, **variables)
    assert (base.commit, base.label) == (tip, f"merge base with main ({tip[:8]})")


def test_a_pull_request_whose_own_head_is_checked_out(repository: Repository, tmp_path: Path) -> None:
    """`GITHUB_BASE_REF` names the branch; it need not be the default one."""
    parted = feature_branch(repository)
    repository.git("branch", "release", "main")
    cloned = clone(repository, tmp_path / "clone")
    variables = {"GITHUB_BASE_REF": "release", "GITHUB_REF": "refs/pull/1/merge", "GITHUB_SHA": "0" * 40}
    base = found(cloned.path, **variables)
    assert base.label == f"merge base with origin/release ({parted[:8]})"


def test_a_checkout_of_depth_one_says_how_to_fetch_the_rest(repository: Repository, tmp_path: Path) -> None:
    """The command does what it says."""
    tip, variables = pull_request(repository)
    checkout = checkout_action(repository, tmp_path / "checkout", 1)
    with pytest.raises(ShallowClone) as caught:
        found(checkout.path, recorded=repository.first, **variables)
    assert caught.value.depth == 1
    assert "shallow (1 commit deep) and does not reach the branch main" in str(caught.value)
    assert "fetch-depth: 0" in str(caught.value)
    checkout.git(*caught.value.command.split()[1:])
    assert found(checkout.path, **variables).commit == tip


# --- shallow clones ---


def shallow_fork(repository: Repository, target: Path, depth: int) -> Repository:
    """A shallow clone of a branch that left main five commits ago, with a few commits of main's."""
    repository.commits(3)
    repository.git("switch", "--quiet", "--create", "feature")
    repository.commits(5)
    repository.git("switch", "--quiet", "main")
    repository.commits(2)
    return clone(repository, target, f"--depth={depth}", "--no-single-branch", "--branch=feature")


def test_a_merge_base_beyond_a_shallow_clone_is_named(repository: Repository, tmp_path: Path) -> None:
    """Going on to the recorded commit, which is there, would answer another question."""
    cloned = shallow_fork(repository, tmp_path / "clone", 3)
    with pytest.raises(ShallowClone, match="the merge base of HEAD and origin/main") as caught:
        found(cloned.path, recorded=cloned.git("rev-parse", "HEAD~1"))
    assert caught.value.depth == 3
    cloned.git(*caught.value.command.partition("   ")[0].split()[1:])
    assert found(cloned.path).commit == repository.git("merge-base", "feature", "main")


def test_a_shallow_clone_that_reaches_the_merge_base_is_enough(repository: Repository, tmp_path: Path) -> None:
    """Its edge lies behind it."""
    cloned = shallow_fork(repository, tmp_path / "clone", 7)
    assert found(cloned.path).commit == repository.git("merge-base", "feature", "main")


def test_a_merge_base_that_a_shallow_clone_makes_up_is_not_believed(repository: Repository) -> None:
    """Where the true one lies behind the edge and an older one is reached another way, git tells the older one."""
    repository.git("branch", "old-side")
    true = repository.commits(1)
    repository.git("branch", "feature")
    edge = repository.commits(1)
    repository.git("switch", "--quiet", "old-side")
    repository.write("side.py", "x\n")
    repository.commit("side")
    repository.git("switch", "--quiet", "main")
    repository.git("merge", "--quiet", "old-side", "-m", "merge")
    repository.git("switch", "--quiet", "feature")
    repository.write("feature.py", "x\n")
    repository.commit("feature")
    assert found(repository.path).commit == true
    (repository.path / ".git" / "shallow").write_text(f"{edge}\n")
    assert repository.git("merge-base", "HEAD", "main") == repository.first
    with pytest.raises(ShallowClone):
        found(repository.path)


def test_a_recorded_commit_beyond_a_shallow_clone_is_named(repository: Repository, tmp_path: Path) -> None:
    """On the default branch, where nothing else can be the base."""
    repository.commits(4)
    cloned = clone(repository, tmp_path / "clone", "--depth=2")
    with pytest.raises(ShallowClone, match=f"the recorded commit {repository.first}") as caught:
        found(cloned.path, recorded=repository.first)
    cloned.git(*caught.value.command.split()[1:])
    assert found(cloned.path, recorded=repository.first).commit == repository.first


def test_a_named_revision_beyond_a_shallow_clone_is_no_typing_error(repository: Repository, tmp_path: Path) -> None:
    """`HEAD~3` is there, only not here."""
    repository.commits(4)
    cloned = clone(repository, tmp_path / "clone", "--depth=2")
    with pytest.raises(ShallowClone, match="the revision 'HEAD~3'"):
        found(cloned.path, "HEAD~3")
    with pytest.raises(UnknownRevision, match="Did you mean 'main'"):
        found(cloned.path, "mian")


# --- what cannot be used ---


def test_a_folder_without_git_needs_a_folder_as_base(tmp_path: Path) -> None:
    """It says which option names one."""
    with pytest.raises(NoBase, match=r"lies in no git repository.*--runtime-base DIR"):
        found(tmp_path)


def test_a_machine_without_git(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """What to install, or to name instead."""
    monkeypatch.setenv("PATH", "")
    with pytest.raises(GitMissing, match=r"cannot be run: No such file.*Install git.*--runtime-base DIR"):
        found(repository.path)
    assert tree_of_working(repository.path) == {"shop.py": blob_id(b"one\n")}


def test_a_git_that_is_too_old(repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own words and its version."""
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text(
        "#!/bin/sh\n"
        'case "$*" in *--version*) echo git version 2.9.0; exit;; esac\n'
        "echo 'unknown option: x' >&2; exit 129\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(GitMissing, match=r"too old: git version 2\.9\.0 does not know 'unknown option: x'"):
        found(repository.path)


@pytest.mark.parametrize("wanted", ["mian", "v1.00", "../nowhere", "--all", "HEAD~9", "f" * 40])
def test_an_unknown_revision_is_reported_with_the_nearest_name(repository: Repository, wanted: str) -> None:
    """Of branches, tags and remote branches."""
    repository.git("tag", "v1.0")
    with pytest.raises(UnknownRevision, match=re.escape(wanted)) as caught:
        found(repository.path, wanted)
    assert caught.value.nearest == {"mian": "main", "v1.00": "v1.0"}.get(wanted, "")


def test_a_merge_with_conflicts_is_no_candidate(repository: Repository) -> None:
    """The files are named."""
    repository.git("switch", "--quiet", "--create", "feature")
    repository.commits(1)
    repository.git("switch", "--quiet", "main")
    repository.commits(1)
    subprocess.run(["git", "merge", "--quiet", "feature"], cwd=repository.path, capture_output=True, check=False)
    with pytest.raises(UnresolvedConflict, match=r"conflicts in shop\.py") as caught:
        found(repository.path)
    assert caught.value.files == ("shop.py",)
    with pytest.raises(UnresolvedConflict):
        found(repository.path, "HEAD")


def test_a_bare_repository_has_no_candidate(repository: Repository, tmp_path: Path) -> None:
    """Nor has git's own folder."""
    bare = clone(repository, tmp_path / "bare.git", "--bare")
    for folder in (bare.path, repository.path / ".git"):
        with pytest.raises(NoWorkTree, match="git worktree add"):
            found(folder)


def test_a_broken_repository_is_no_missing_one(repository: Repository) -> None:
    """What git says is passed on."""
    head = repository.path / ".git" / "HEAD"
    head.unlink()
    with pytest.raises(GitFailed, match="not a git repository"):
        found(repository.path)
    with pytest.raises(GitFailed):
        tree_of_working(repository.path)


def test_a_damaged_object_is_reported(repository: Repository) -> None:
    """By git's own words."""
    base = found(repository.path, "HEAD")
    tree = repository.git("rev-parse", "HEAD^{tree}")
    lost = repository.path / ".git" / "objects" / tree[:2] / tree[2:]
    lost.unlink()
    with pytest.raises(GitFailed, match="ls-tree"):
        tree_of(base)


def test_a_repository_of_someone_else_passes_the_message_on(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It tells the command that trusts it; running that command is not for us."""
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(GitFailed, match=r"(?s)dubious ownership.*git config --global --add safe\.directory"):
        found(repository.path)


def test_every_error_is_one_of_ours() -> None:
    """So the plugin's usage errors catch them all."""
    kinds = (
        NoBase,
        GitMissing,
        GitFailed,
        NoWorkTree,
        UnknownRevision,
        ShallowClone,
        UnresolvedConflict,
        MissingAtBase,
    )
    assert all(issubclass(kind, BaseError) and issubclass(kind, RuntimeBaselineError) for kind in kinds)


# --- where it runs ---


def test_a_linked_worktree_is_a_project_like_any(repository: Repository, tmp_path: Path) -> None:
    """Found, read and checked out."""
    parted = feature_branch(repository)
    repository.git("worktree", "add", "--quiet", str(tmp_path / "linked"), "-b", "linked")
    base = found(tmp_path / "linked")
    assert base.commit == parted
    with checked_out(base) as root:
        assert (root / "shop.py").read_text() == "one\n"


def test_in_a_hook_the_variables_of_git_lead_nobody_astray(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pre-commit hook of another repository, or with an index of its own (`git commit --all`)."""
    other = Repository(tmp_path / "other")
    repository.write("shop.py", "dirty\n")
    monkeypatch.setenv("GIT_DIR", str(other.path / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.path))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "next-index.lock"))
    base = found(repository.path)
    assert base.reason == "the working tree is dirty: shop.py"
    with checked_out(base) as root:
        assert (root / "shop.py").read_text() == "one\n"
    assert tree_of_working(repository.path) == {"shop.py": blob_id(b"dirty\n")}


def with_submodule(repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A library as a submodule of a project, one commit behind the library."""
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "file")
    library = Repository(tmp_path / "library")
    repository.git("submodule", "--quiet", "add", f"file://{library.path}", "lib")
    repository.commit("library")
    return library


def test_submodules_are_checked_out_too(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the commit that the base names, from the user's own copy, of which nothing changes."""
    library = with_submodule(repository, tmp_path, monkeypatch)
    base = found(repository.path, "HEAD")
    before, inside = tree_of_working(repository.path), repository.path / "lib"
    assert tree_of(base) == before
    assert before["lib"] == library.first
    (inside / "shop.py").write_text("changed inside\n")
    state = repository.state(), (repository.path / ".git" / "modules" / "lib" / "config").read_text()
    with checked_out(base) as root:
        assert (root / "lib" / "shop.py").read_text() == "one\n"
    assert tree_of_working(repository.path)["lib"] == f"{library.first}-dirty"
    assert state == (repository.state(), (repository.path / ".git" / "modules" / "lib" / "config").read_text())


def test_a_submodule_is_a_repository_of_its_own(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A project inside one has its base there."""
    library = with_submodule(repository, tmp_path, monkeypatch)
    base = found(repository.path / "lib", "HEAD")
    assert base.commit == library.first
    with checked_out(base) as root:
        assert (root / "shop.py").read_text() == "one\n"


def test_a_commit_that_a_submodule_does_not_have_is_named(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the command that fetches it."""
    library = with_submodule(repository, tmp_path, monkeypatch)
    ahead = library.commits(1)
    repository.git("update-index", "--cacheinfo", f"160000,{ahead},lib")
    repository.git("commit", "--quiet", "-m", "ahead")
    base = found(repository.path, "HEAD")
    with pytest.raises(MissingAtBase, match=f"git -C .*lib fetch origin {ahead}"), checked_out(base):
        pass


# --- trees ---


def test_the_tree_of_the_base_and_of_now_agree_where_nothing_changed(repository: Repository) -> None:
    """Also for names with spaces, line ends, quotes and letters of all the world, and for links."""
    for name in ("a b.py", "ünï/çode.py", 'quo"te.py', "line\nend.py", "[glob]*.py", "-dash.py"):
        repository.write(name, name)
    (repository.path / "link.py").symlink_to("shop.py")
    (repository.path / "folder").symlink_to("ünï")
    repository.commit("names")
    base = found(repository.path, "HEAD")
    tree = tree_of(base)
    assert len(tree) == 9
    assert tree == tree_of_working(repository.path) == folder_tree(repository.path)
    read = read_at(base, [*tree, "nowhere.py"])
    assert {path: blob_id(data) for path, data in read.items()} == tree
    assert read["link.py"] == b"shop.py"


def test_the_working_tree_is_what_the_files_say_now(repository: Repository) -> None:
    """Changed, staged, deleted, renamed, new, brought back; not what is ignored, cached or ours."""
    for name in ("changed.py", "staged.py", "deleted.py", "gone.py", "moved.py", "back.py"):
        repository.write(name, "old")
    repository.write(".gitignore", "*.log\n")
    repository.commit("files")
    repository.write("changed.py", "new")
    repository.write("staged.py", "new")
    repository.git("add", "staged.py")
    repository.write("staged.py", "newer")
    (repository.path / "deleted.py").unlink()
    repository.git("rm", "--quiet", "gone.py")
    repository.git("mv", "moved.py", "here.py")
    repository.git("rm", "--quiet", "--cached", "back.py")
    repository.write("new.json", "{}")
    repository.git("add", "--intent-to-add", "new.json")
    repository.write("new.py", "new")
    for name in ("x.log", "__pycache__/x.pyc", ".venv/x.py", ".runtime/staging/shop.rt", "runtime-accepted.toml"):
        repository.write(name, "x")
    expected = {
        **dict.fromkeys(("changed.py", "new.py"), blob_id(b"new")),
        **dict.fromkeys(("here.py", "back.py"), blob_id(b"old")),
        "staged.py": blob_id(b"newer"),
        "new.json": blob_id(b"{}"),
        "shop.py": blob_id(b"one\n"),
        ".gitignore": blob_id(b"*.log\n"),
    }
    assert tree_of_working(repository.path) == expected
    assert tree_of_working(repository.path, with_git=False) == {**expected, "x.log": blob_id(b"x")}


def test_a_folder_is_hashed_without_what_is_no_source(tmp_path: Path) -> None:
    """An environment is known by its `pyvenv.cfg`, whatever it is called."""
    for name in ("a.py", "env/pyvenv.cfg", "env/lib/b.py", "node_modules/c.js", "__pycache__/a.pyc", "d.pyc"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name)
    (tmp_path / "loop").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    base = find_base(tmp_path, str(tmp_path), "")
    assert tree_of(base) == {"a.py": blob_id(b"a.py"), "loop": blob_id(os.fsencode(tmp_path))}
    assert read_at(base, ["a.py", "b.py"]) == {"a.py": b"a.py"}
    with checked_out(base) as root:
        assert root == tmp_path


def test_a_repository_of_long_ids(tmp_path: Path) -> None:
    """Git can name by SHA-256."""
    path = tmp_path / "long"
    path.mkdir()
    done = subprocess.run(["git", "init", "--quiet", "--object-format=sha256", path], capture_output=True, check=False)
    assert done.returncode == 0
    repository = Repository.__new__(Repository)
    repository.path = path
    repository.write("a.py", "one")
    repository.commit("one")
    repository.write("a.py", "two")
    assert tree_of_working(path) == {"a.py": blob_id(b"two", "sha256")}
    assert tree_of(found(path)) == {"a.py": blob_id(b"one", "sha256")}


def test_a_project_that_is_new_has_no_files_at_the_base(repository: Repository) -> None:
    """Its checkout says that it is not there."""
    repository.write("services/new/web.py", "x")
    base = found(repository.path / "services" / "new", "HEAD")
    assert tree_of(base) == {}
    assert read_at(base, ["web.py"]) == {}
    with pytest.raises(MissingAtBase, match="the project's folder services/new does not exist at the base"):
        checked_out(base).__enter__()


# --- checkouts ---


def prepared(repository: Repository) -> None:
    """Everything that a person may have lying about."""
    feature_branch(repository)
    repository.write("shop.py", "stashed\n")
    repository.git("stash")
    repository.write("shop.py", "staged\n")
    repository.git("add", "shop.py")
    repository.write("shop.py", "worked on\n")
    repository.write("untracked.txt", "x")


def test_a_checkout_holds_the_base_and_leaves_everything_as_it_was(repository: Repository) -> None:
    """Files and their times, index, refs, worktrees, stash, configuration."""
    prepared(repository)
    before = repository.state()
    base = found(repository.path)
    with checked_out(base) as root:
        assert (root / "shop.py").read_text() == "one\n"
        assert folder_tree(root) == tree_of(base)
        assert before == repository.state()
        tree_of_working(repository.path)
    assert not root.exists()
    assert before == repository.state()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_checkout_goes_whatever_happens(repository: Repository, error: type[BaseException]) -> None:
    """An interrupted run leaves nothing behind."""
    prepared(repository)
    before = repository.state()
    manager = checked_out(found(repository.path))
    root = manager.__enter__()
    assert root.exists()
    assert not manager.__exit__(error, error(), None)
    assert not root.exists()
    assert before == repository.state()


def test_a_checkout_runs_no_hook_and_heeds_no_setting_that_writes(repository: Repository, tmp_path: Path) -> None:
    """A split index would put a file into the user's repository; of a sparse one, files would be missing."""
    mark = tmp_path / "ran"
    for folder in (repository.path / ".git" / "hooks", tmp_path / "hooks"):
        folder.mkdir(exist_ok=True)
        for name in ("post-checkout", "post-index-change", "reference-transaction", "fsmonitor"):
            (folder / name).write_text(f"#!/bin/sh\necho {name} >> {mark}\n")
            (folder / name).chmod(0o755)
    repository.write("far/away.py", "x")
    repository.commit("far")
    mark.unlink(missing_ok=True)
    settings = {"core.hooksPath": str(tmp_path / "hooks"), "core.fsmonitor": str(tmp_path / "hooks" / "fsmonitor")}
    settings |= {"core.splitIndex": "true", "core.sparseCheckout": "true", "submodule.recurse": "true"}
    for name, value in settings.items():
        repository.git("config", name, value)
    (repository.path / ".git" / "info" / "sparse-checkout").write_text("/*\n!/far\n")
    files = {one.name for one in (repository.path / ".git").iterdir()}
    with checked_out(found(repository.path, "HEAD")) as root:
        assert (root / "far" / "away.py").exists()
    tree_of_working(repository.path)
    assert not mark.exists()
    assert {one.name for one in (repository.path / ".git").iterdir()} == files


def test_filters_apply_and_report_when_they_fail(repository: Repository) -> None:
    """As in any checkout of the repository: large files are fetched, line ends turned."""
    repository.write(".gitattributes", "*.big filter=big\n")
    repository.write("data.big", "pointer")
    repository.commit("large")
    repository.git("config", "filter.big.clean", "cat")
    repository.git("config", "filter.big.smudge", "sed s/pointer/content/")
    with checked_out(found(repository.path, "HEAD")) as root:
        assert (root / "data.big").read_text() == "content"
    repository.git("config", "filter.big.smudge", "false")
    repository.git("config", "filter.big.required", "true")
    with pytest.raises(GitFailed, match="smudge filter big failed"), checked_out(found(repository.path, "HEAD")):
        pass


def test_a_project_in_a_folder_is_found_in_its_checkout(repository: Repository) -> None:
    """With its neighbours around it."""
    repository.write("services/shop/web.py", "x")
    repository.commit("service")
    with checked_out(found(repository.path / "services" / "shop", "HEAD")) as root:
        assert [one.name for one in root.iterdir()] == ["web.py"]
        assert (root.parent.parent / "shop.py").exists()
