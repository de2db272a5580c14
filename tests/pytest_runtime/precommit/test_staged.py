"""What is staged is judged, and nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest

from pytest_runtime.cli.main import main
from pytest_runtime.precommit.index import exported, has_unstaged, index_variables
from pytest_runtime.precommit.known_reads import KnownReads, keep_reads, read_reads
from pytest_runtime.replay.change.git import Git
from pytest_runtime.testing import Scenario

SHOP = """
    import pathlib

    RATES = pathlib.Path(__file__).with_name("rates.txt")

    def fee(total):
        if total > 100:
            return 10
        return 0

    def rate(name):
        return RATES.read_text().split()[0] + name
    """


def git(folder: Path, *arguments: str) -> str:
    """What a command of git prints."""
    words = ["git", "-c", "user.name=T", "-c", "user.email=t@example.com", *arguments]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, check=True).stdout.strip()


class Service:
    """A recorded service in a repository, where everything is committed."""

    def __init__(self, folder: Path) -> None:
        (folder / "recorded").mkdir()
        scenario = Scenario(folder / "recorded", {"shop": SHOP})
        (folder / "recorded" / "rates.txt").write_text("19\n")
        scenario.record(lambda shop: [*map(shop.fee, (50, 150, 700)), shop.rate("x")])
        self.module = scenario.unique("shop")
        self.root = folder / "work"
        self.root.mkdir()
        git(self.root, "init", "-q", "-b", "main")
        shutil.copy(scenario.folder / f"{self.module}.py", self.root)
        (self.root / "rates.txt").write_text("19\n")
        (self.root / "README.md").write_text("hello\n")
        (self.root / "guide").mkdir()
        (self.root / "guide" / "first.txt").write_text("hello\n")
        (self.root / ".gitignore").write_text(".runtime/\n.venv/\nlocal.env\n")
        (self.root / "local.env").write_text("x=1\n")
        (self.root / "pyproject.toml").write_text(f'[tool.pytest-runtime]\ninclude = ["{self.module}"]\n')
        (self.root / ".runtime").mkdir()
        shutil.copy(scenario.store, self.root / ".runtime" / "staging.baseline")
        git(self.root, "add", "-A")
        git(self.root, "commit", "-q", "-m", "all")

    @property
    def file(self) -> Path:
        """The service's module."""
        return self.root / f"{self.module}.py"

    def edit(self, old: str, new: str, *, stage: bool) -> None:
        """Change the module."""
        text = self.file.read_text()
        assert old in text
        self.file.write_text(text.replace(old, new))
        if stage:
            git(self.root, "add", self.file.name)


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Service:
    """The service; we stand in it."""
    found = Service(tmp_path)
    monkeypatch.chdir(found.root)
    monkeypatch.setattr(sys, "path", [*sys.path])
    return found


def staged(*arguments: str) -> tuple[int, str]:
    """(status, output) of the command."""
    out, err = StringIO(), StringIO()
    status = main(["staged", *arguments], out, err)
    return status, out.getvalue() + err.getvalue()


def test_a_staged_change_is_judged_and_an_unstaged_one_is_not(service: Service) -> None:
    """The unstaged one would differ; then it is staged, and does."""
    service.edit("return 0", "return 0  # nothing", stage=True)
    service.edit("total > 100", "total > 500", stage=False)
    before = service.file.read_text()
    status, said = staged()
    assert (status, "diverged" in said) == (0, False), said
    assert service.file.read_text() == before
    git(service.root, "add", "-A")
    status, said = staged()
    assert status == 1, said
    assert f"{service.module}.py" in said
    assert "1 diverged" in said
    service.edit("total > 500", "total > 100", stage=False)
    status, said = staged("--baseline", "staging")
    assert status == 1, "the work tree is right again, and what is staged is not"


def test_what_traffic_neither_loads_nor_reads_is_passed_over_without_a_word(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Known after the first run on a base, and after commits of such files too; then nothing is opened."""
    service.edit("return 0", "return 0 + 0", stage=True)
    assert staged()[0] == 0
    known = read_reads(service.root, "staging")
    assert known is not None
    assert "rates.txt" in known.files
    git(service.root, "commit", "-q", "-m", "harmless")
    service.edit("return 0 + 0", "return 0", stage=True)
    assert staged() == (0, "")
    git(service.root, "reset", "-q", "--hard")
    assert staged()[0] == 0

    def refuse(*_arguments: object) -> None:
        raise AssertionError("nothing is to be judged")

    monkeypatch.setattr("pytest_runtime.cli.staged._judged", refuse)
    monkeypatch.setattr("pytest_runtime.cli.staged.read_reads", lambda *_given: known_at_head(service, known))
    (service.root / "guide" / "first.txt").write_text("other\n")
    git(service.root, "add", "-A")
    assert staged() == (0, "")
    git(service.root, "commit", "-q", "-m", "guide")
    (service.root / "guide" / "second.txt").write_text("new\n")
    git(service.root, "add", "-A")
    assert staged() == (0, "")
    (service.root / "rates.txt").write_text("20\n")
    git(service.root, "add", "-A")
    with pytest.raises(AssertionError, match="nothing is to be judged"):
        staged()


def known_at_head(service: Service, known: KnownReads) -> KnownReads:
    """What was read, kept at the first commit after the module changed last."""
    return KnownReads(known.format, git(service.root, "log", "-1", "--format=%H", "--", service.file.name), known.files)


@pytest.mark.parametrize(
    ("path", "matters"),
    [
        ("shop/web.py", True),
        ("other/new.py", True),
        ("pyproject.toml", True),
        ("data/rates.csv", True),
        ("data/new.csv", True),
        ("data/deep/down/new.csv", True),
        ("docs/page.md", False),
        ("README.md", False),
    ],
)
def test_which_files_may_matter(path: str, matters: bool) -> None:
    """Code and settings always, data that was read, and what lies beside it."""
    assert KnownReads(1, "c", ("shop/web.py", "data/rates.csv")).may_matter(path) is matters


def test_what_was_kept_by_another_version_is_not_used(tmp_path: Path) -> None:
    """Nor what is damaged."""
    assert read_reads(tmp_path, "x") is None
    keep_reads(tmp_path, "x", "c", ["b", "a"])
    assert read_reads(tmp_path, "x") == KnownReads(1, "c", ("a", "b"))
    path = tmp_path / ".runtime" / "seals" / "x.reads"
    for data in (b"{", b'{"format": 2, "commit": "c", "files": []}'):
        path.write_bytes(data)
        assert read_reads(tmp_path, "x") is None


def test_the_index_is_a_folder_of_its_own(service: Service) -> None:
    """Staged content, staged deletions, ignored files by link; new files that are not staged are not there."""
    service.edit("return 0", "return 7", stage=True)
    service.edit("return 7", "return 8", stage=False)
    (service.root / "stray.py").write_text("raise SystemExit\n")
    git(service.root, "rm", "-q", "README.md")
    repository = Git(service.root)
    assert has_unstaged(repository, {})
    with exported(service.root, {}) as folder:
        assert "return 7" in (folder / service.file.name).read_text()
        assert not (folder / "stray.py").exists()
        assert not (folder / "README.md").exists()
        assert (folder / "local.env").read_text() == "x=1\n"
        assert (folder / ".runtime" / "staging.baseline").is_file()
        assert Git(folder).commit("HEAD") == repository.commit("HEAD")
    assert not folder.exists()
    assert git(service.root, "status", "--porcelain").count("\n") == 2


def test_a_commit_of_some_files_has_an_index_of_its_own(service: Service) -> None:
    """`git commit FILE` hands hooks another index; its name counts from the top of the work tree."""
    service.edit("return 0", "return 7", stage=True)
    index = service.root / ".git" / "other-index"
    environ = {**os.environ, "GIT_INDEX_FILE": str(index)}
    subprocess.run(["git", "read-tree", "HEAD"], cwd=service.root, env=environ, check=True)
    repository = Git(service.root)
    for named in (str(index), ".git/other-index"):
        variables = index_variables(repository, {"GIT_INDEX_FILE": named})
        assert variables == {"GIT_INDEX_FILE": str(index)}
        with exported(service.root, variables) as folder:
            assert "return 0" in (folder / service.file.name).read_text()
    assert index_variables(repository, {}) == {}


@pytest.mark.parametrize("named", ["whole", "bare", "roundabout"])
def test_another_interpreter_is_asked_once(
    service: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, named: str
) -> None:
    """However its path is written: one that asked itself again would never end."""
    service.edit("total > 100", "total > 500", stage=True)
    folder = tmp_path / "bin"
    folder.mkdir()
    script = f'#!/bin/sh\necho asked >> {tmp_path}/asked\nexec "{sys.executable}" "$@"\n'
    (folder / "other-python").write_text(script)
    (folder / "other-python").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    paths = {"whole": str(folder / "other-python"), "bare": "other-python"}
    status, _said = staged("--python", paths.get(named, str(folder / ".." / "bin" / "other-python")))
    assert status == 1
    assert (tmp_path / "asked").read_text() == "asked\n"


def test_one_baseline_needs_no_name_and_several_do(service: Service) -> None:
    """The message lists those that there are."""
    shutil.copy(service.root / ".runtime" / "staging.baseline", service.root / ".runtime" / "other.baseline")
    status, said = staged()
    assert status not in (0, 1)
    assert "--baseline NAME: there are other, staging" in said
