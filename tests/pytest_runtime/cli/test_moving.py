"""`check`, `merge`, `push`, `pull`, and baselines that are kept at a URL: real files, `file://` and `memory://`."""

from __future__ import annotations

import builtins
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest

from pytest_runtime import remote
from pytest_runtime.config import load_project
from pytest_runtime.recorders.store.open import open_writer
from pytest_runtime.recorders.store.protocol import Revision

from .commands import record, run, usual


@pytest.fixture
def memory() -> Iterator[Any]:
    """The files behind `memory://`, which are those of the process; empty."""
    files = fsspec.filesystem("memory")
    files.store.clear()
    yield files
    files.store.clear()


def baseline_of(project: Path, name: str = "staging") -> Path:
    """The file of a baseline."""
    return project / ".runtime" / f"{name}.baseline"


def damage(file: Path) -> None:
    """Change the digest of a trace."""
    connection = sqlite3.connect(file)
    with connection:
        connection.execute("UPDATE trace SET digest = x'00' WHERE rowid = (SELECT min(rowid) FROM trace)")
    connection.close()


# --- check and merge -------------------------------------------------------------------------------------------------


def test_check_says_that_a_baseline_is_whole(project: Path) -> None:
    """By name and as a file."""
    assert run("check", "staging") == (0, "staging is whole\n", "")
    assert run("check", str(baseline_of(project))).status == 0
    assert run("check", "staging", "--json").json["damage"] == []


def test_check_names_what_is_damaged(project: Path) -> None:
    """Status 1, and what to do."""
    damage(baseline_of(project))
    checked = run("check", "staging")
    assert checked.status == 1
    assert ": it is corrupt: its digest does not match" in checked.out
    assert "Restore it from where it was recorded (pytest-runtime pull), or record anew" in checked.out
    (found,) = run("check", "staging", "--json").json["damage"]
    assert found["where"].startswith("trace ")


@pytest.mark.parametrize("command", [("check",), ("show",), ("status",), ("scan",)])
def test_what_cannot_be_checked_has_status_2(project: Path, command: tuple[str, ...]) -> None:
    """An unknown baseline, and one of a newer version; all commands say the same of them."""
    unknown = run(*command, "stagin")
    assert (unknown.status, "did you mean 'staging'?" in unknown.err) == (2, True)
    connection = sqlite3.connect(baseline_of(project))
    connection.execute("PRAGMA user_version=99")
    connection.close()
    newer = run(*command, "staging")
    assert (newer.status, newer.out) == (2, "")
    assert "has format 99; this version reads up to" in newer.err
    assert "Upgrade pytest-runtime" in newer.err


def test_merge_makes_a_baseline_of_many(project: Path) -> None:
    """Counts add up; what is merged again changes nothing; sources are names or files."""
    record(project, "other", lambda shop: [shop.fee(total) for total in (1, 300)])
    merged = run("merge", "whole", "staging", str(baseline_of(project, "other")))
    assert (merged.status, merged.err) == (0, "")
    assert merged.out.startswith("whole holds 2 sessions: 9 recorded in ")
    again = run("merge", "whole", "other", "staging", "--json")
    assert again.json["target"]["recorded"] == 9
    assert again.json["sources"] == ["other", "staging"]
    assert run("check", "whole").status == 0


def test_merge_keeps_so_many_exemplars(project: Path) -> None:
    """As the option says, else as configured."""
    assert run("merge", "small", "staging", "--exemplars", "1", "--json").json["target"]["kept"] == 6
    assert run("merge", "large", "staging", "--json").json["target"]["kept"] == 7


def test_merge_of_what_is_not_there_leaves_nothing(here: Path) -> None:
    """Not even the folder that the target would lie in."""
    ran = run("merge", "whole", "stagin")
    assert (ran.status, "no baseline 'stagin'" in ran.err) == (2, True)
    assert [path.name for path in here.iterdir()] == ["pyproject.toml"]


def test_merge_says_what_it_left_out(project: Path) -> None:
    """Status 1: a damaged trace was found."""
    damage(baseline_of(project))
    merged = run("merge", "whole", "staging")
    assert merged.status == 1
    assert "staging: 1 damaged trace left out (pytest-runtime check staging)" in merged.out


# --- push and pull ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["file", "memory"])
def test_a_baseline_goes_to_a_url_and_comes_back(project: Path, tmp_path: Path, memory: Any, scheme: str) -> None:
    """Byte for byte, and nothing half written stays at either end."""
    folder = tmp_path / "elsewhere"
    url = f"file://{folder}" if scheme == "file" else "memory://bucket/folder"
    pushed = run("push", "staging", url)
    assert pushed == (0, f"staging is at {url}/staging.baseline\n", "")
    assert "already" in run("push", "staging", url).out
    content = baseline_of(project).read_bytes()
    baseline_of(project).unlink()
    assert run("pull", "staging", url).status == 0
    assert baseline_of(project).read_bytes() == content
    assert run("pull", "staging", url, "--json").json["changed"] is False
    assert sorted(path.name for path in (project / ".runtime").iterdir()) == [".gitignore", "staging.baseline"]
    if scheme == "file":
        assert [path.name for path in folder.iterdir()] == ["staging.baseline"]
    else:
        assert list(memory.store) == ["/bucket/folder/staging.baseline"]


def test_another_baseline_is_replaced_with_force_alone(project: Path, memory: Any) -> None:
    """At both ends."""
    assert run("push", "staging", "memory://b").status == 0
    shutil.move(baseline_of(project), baseline_of(project, "kept"))
    record(project, "staging", lambda shop: shop.fee(1))
    refused = run("push", "staging", "memory://b")
    assert (refused.status, refused.out) == (2, "")
    assert "the baseline at memory://b/staging.baseline holds what " in refused.err
    assert "Replace it with --force, or keep both: pull it under another name, merge it" in refused.err
    refused = run("pull", "staging", "memory://b")
    assert refused.status == 2
    assert "holds what the baseline at memory://b/staging.baseline does not" in refused.err
    assert run("pull", "staging", "memory://b", "--force").status == 0
    assert baseline_of(project).read_bytes() == baseline_of(project, "kept").read_bytes()


def test_what_goes_on_from_the_other_takes_its_place(project: Path, memory: Any) -> None:
    """Recorded into since, or merged: nothing of what was there is lost, so nothing has to be forced."""
    assert run("push", "staging", "memory://b").status == 0
    older = baseline_of(project).read_bytes()
    record(project, "other", lambda shop: shop.fee(1))
    assert run("merge", "staging", "other").status == 0
    assert run("push", "staging", "memory://b").status == 0
    scenario = record(project, "staging", lambda shop: shop.fee(300))
    assert scenario.store == str(baseline_of(project))
    assert run("push", "staging", "memory://b").status == 0
    baseline_of(project).write_bytes(older)
    assert run("push", "staging", "memory://b").status == 2
    assert run("pull", "staging", "memory://b").status == 0
    assert run("show", "staging", "--json").json["baseline"]["recorded"] == 9


def test_a_damaged_baseline_is_neither_pushed_nor_pulled(project: Path, memory: Any) -> None:
    """What was here before stays."""
    good = baseline_of(project).read_bytes()
    damage(baseline_of(project))
    refused = run("push", "staging", "memory://b")
    assert (refused.status, list(memory.store)) == (2, [])
    assert "is damaged, and is not pushed: trace " in refused.err
    memory.pipe_file("/b/staging.baseline", baseline_of(project).read_bytes())
    baseline_of(project).write_bytes(good)
    refused = run("pull", "staging", "memory://b", "--force")
    assert refused.status == 2
    assert "what lies at memory://b/staging.baseline is damaged: trace " in refused.err
    assert baseline_of(project).read_bytes() == good


def test_a_baseline_that_is_recorded_into_is_not_pushed(here: Path, memory: Any) -> None:
    """A part of it would be missing."""
    (here / ".runtime").mkdir()
    writer = open_writer(str(baseline_of(here)))
    writer.start(Revision("", "3.12", 1.0, {}, {}))
    refused = run("push", "staging", "memory://b")
    writer.close()
    assert refused.status == 2
    assert "is being recorded into: what is put elsewhere has to be complete" in refused.err
    assert run("push", "staging", "memory://b").status == 0


def test_what_comes_short_is_not_taken(project: Path, memory: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that breaks off without an error leaves nothing behind."""
    run("push", "staging", "memory://b")
    baseline_of(project).unlink()

    def half(_files: Any, _path: str, local: str) -> None:
        Path(local).write_bytes(b"SQLite format 3")

    monkeypatch.setattr(type(memory), "get_file", half)
    refused = run("pull", "staging", "memory://b")
    assert refused.status == 2
    assert "bytes, and 15 of them came. Try again" in refused.err
    assert list((project / ".runtime").iterdir()) == []


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("push", "stagin", "memory://b"), "no baseline 'stagin': "),
        (("pull", "staging", "memory://b"), "there is no baseline at memory://b/staging.baseline"),
        (("push", "staging", "/srv/baselines"), "is no URL: write file:///srv/baselines for a folder"),
        (("push", "staging"), 'where is staging kept? Give a URL, or set store = "s3://BUCKET/FOLDER"'),
        (("push", "staging", "gopher://b"), "fsspec knows no scheme 'gopher'"),
        (("push", "staging", "s3://bucket"), "pip install s3fs"),
        (("pull", "staging", "gs://bucket"), "pip install gcsfs"),
    ],
)
def test_what_is_missing_is_named_with_what_to_install_or_set(
    project: Path, memory: Any, argv: tuple[str, ...], said: str
) -> None:
    """Status 2, in a line."""
    ran = run(*argv)
    assert (ran.status, ran.out) == (2, "")
    assert said in ran.err


def test_without_fsspec_the_extra_is_named(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is optional."""
    real = builtins.__import__

    def without_fsspec(name: str, *args: Any, **named: Any) -> Any:
        if name.partition(".")[0] == "fsspec":
            raise ImportError(name)
        return real(name, *args, **named)

    monkeypatch.setattr(builtins, "__import__", without_fsspec)
    ran = run("push", "staging", "s3://bucket")
    assert ran.status == 2
    assert "pip install 'pytest-runtime[remote]'" in ran.err


def test_refused_credentials_say_what_to_set() -> None:
    """By the scheme."""
    assert "AWS_PROFILE" in remote._cure(PermissionError("Access Denied"), "s3")
    assert "GOOGLE_APPLICATION_CREDENTIALS" in remote._cure(type("DefaultCredentialsError", (OSError,), {})("no"), "gs")
    assert remote._cure(OSError("no route to host"), "s3") == "no route to host (OSError)"


# --- stores ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def shared(project: Path, memory: Any) -> Path:
    """A project whose baselines are kept at a URL, with `staging` there and not here."""
    run("push", "staging", "memory://store")
    baseline_of(project).unlink()
    (project / "pyproject.toml").write_text('[tool.pytest-runtime]\nstore = "memory://store"\n', encoding="utf-8")
    return project


def cache_of(project: Path) -> list[str]:
    """Names of the fetched files."""
    return sorted(path.name for path in (project / ".runtime" / "cache").iterdir())


def test_a_baseline_of_a_store_is_read_by_its_name(shared: Path, memory: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is fetched once, and again when it is another one there; of those before it the latest stay."""
    fetched: list[str] = []
    real = type(memory).get_file

    def counted(files: Any, path: str, local: str) -> None:
        fetched.append(path)
        real(files, path, local)

    monkeypatch.setattr(type(memory), "get_file", counted)
    assert run("show", "staging").lines[2].startswith("entry ")
    assert run("check", "staging").status == 0
    (before,) = cache_of(shared)
    assert len(fetched) == 1
    record(shared, "staging", usual)
    assert run("push", "staging", "--force").status == 0
    baseline_of(shared).unlink()
    assert run("show", "staging", "--json").json["baseline"]["recorded"] == 7
    assert (len(fetched), before in cache_of(shared), len(cache_of(shared))) == (2, True, 2)
    monkeypatch.setattr(remote, "KEPT", 1)
    record(shared, "staging", usual)
    assert run("push", "staging", "--force").status == 0
    assert run("check", "staging").status == 0
    assert (len(fetched), len(cache_of(shared))) == (3, 1)


def test_what_was_recorded_here_is_read_until_the_store_has_it(shared: Path) -> None:
    """Then what lies there counts."""
    record(shared, "fresh", lambda shop: shop.fee(1))
    assert run("show", "fresh", "--json").json["baseline"]["recorded"] == 1
    missing = run("show", "stagin")
    assert missing.status == 2
    assert "no baseline 'stagin': nothing at memory://store/stagin.baseline; did you mean 'staging'?" in missing.err


def test_a_store_that_is_damaged_is_not_cached(shared: Path, memory: Any) -> None:
    """Nothing of it stays."""
    memory.pipe_file("/store/staging.baseline", b"hello " * 500)
    ran = run("show", "staging")
    assert ran.status == 2
    assert "what lies at memory://store/staging.baseline is damaged: the file: " in ran.err
    assert cache_of(shared) == []


def test_a_baseline_of_a_store_is_changed_here_and_pushed(shared: Path) -> None:
    """Adding a reader's key, or merging, needs the file itself."""
    refused = run("merge", "staging", "staging")
    assert refused.status == 2
    assert "can only be changed here: pytest-runtime pull staging" in refused.err
    assert run("pull", "staging").status == 0
    assert run("merge", "staging", "staging").status == 0


def test_the_list_has_what_is_in_the_store(shared: Path, memory: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside what is here; where the store cannot be reached, that is said, and what is here is listed."""
    record(shared, "fresh", lambda shop: shop.fee(1))
    assert [row["name"] for row in run("list", "--json").json["baselines"]] == ["fresh", "staging"]

    def refuse(*_given: Any, **_named: Any) -> None:
        raise PermissionError("not for you")

    monkeypatch.setattr(type(memory), "glob", refuse)
    listed = run("list")
    assert listed.status == 1
    assert "cannot list the baselines in memory://store: not for you" in listed.lines[0]
    assert any(line.startswith("fresh ") for line in listed.lines)


def test_a_mark_changes_with_size_mark_or_time() -> None:
    """Of a store that has marks the time does not matter."""
    marked = {"size": 3, "ETag": "a", "LastModified": 1}
    assert remote.mark_of(marked) == remote.mark_of({**marked, "LastModified": 2})
    assert len({remote.mark_of(info) for info in (marked, {**marked, "ETag": "b"}, {**marked, "size": 4})}) == 3
    assert remote.mark_of({"size": 3, "mtime": 1}) != remote.mark_of({"size": 3, "mtime": 2})


def test_a_path_or_folder_as_store_is_used_as_it_is(project: Path) -> None:
    """Without fetching; names are found there."""
    (project / "pyproject.toml").write_text('[tool.pytest-runtime]\nstore = "shared"\n', encoding="utf-8")
    (project / "shared").mkdir()
    shutil.move(baseline_of(project), project / "shared" / "staging.baseline")
    known = load_project(project)
    assert (known.known_baselines(), known.remote_url("staging")) == (["staging"], "")
    assert run("show", "staging", "--json").json["baseline"]["location"] == str(project / "shared" / "staging.baseline")
