"""Files: what a trace read is there again, what it writes is compared, and nothing of it stays."""

from __future__ import annotations

import os
import shutil
from contextlib import nullcontext
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pytest_runtime.recorders.model.trace import Exchange, encode_trace
from pytest_runtime.recorders.model.value_tree import ListNode, record
from pytest_runtime.replay.execute.overlay import UNKNOWN, Overlay
from pytest_runtime.replay.execute.written import ReplayFiles
from pytest_runtime.testing import Scenario


class OneTrace(NamedTuple):
    """What `ReplayFiles` asks of a trace."""

    exchanges: list[Exchange]


FILES = """
    import csv
    import json
    import os
    import pathlib
    import shutil
    import tempfile

    def report(folder, rows):
        target = pathlib.Path(folder) / "out" / "report.csv"
        target.parent.mkdir(exist_ok=True)
        with target.open("w", newline="") as file:
            csv.writer(file).writerows(rows)
        return target.exists(), target.name

    def read(path):
        with open(path) as file:
            return json.load(file)["rate"]

    def appended(path, text):
        with open(path, "a") as file:
            file.write(text)
        return os.path.getsize(path)

    def atomic(path, text):
        handle, name = tempfile.mkstemp(dir=os.path.dirname(path))
        with os.fdopen(handle, "w") as file:
            file.write(text)
        os.replace(name, path)
        return pathlib.Path(path).read_text()

    def cleared(folder):
        for name in sorted(os.listdir(folder)):
            os.remove(os.path.join(folder, name))
        return os.listdir(folder)

    def moved(folder):
        os.makedirs(os.path.join(folder, "a", "b"))
        path = shutil.copy(os.path.join(folder, "one.txt"), os.path.join(folder, "a", "b", "copy.txt"))
        os.rename(path, os.path.join(folder, "moved.txt"))
        return sorted(entry.name for entry in os.scandir(folder)), sorted(os.listdir(os.path.join(folder, "a")))

    def missing(path):
        try:
            return open(path).read()
        except FileNotFoundError as error:
            return error.filename
    """


def traffic(folder: Path) -> Any:
    """Each function once, in a folder that is gone afterwards."""

    def run(shop: Any) -> None:
        (folder / "full").mkdir(parents=True)
        (folder / "rates.json").write_text('{"rate": 5}')
        (folder / "full" / "one.txt").write_text("one")
        (folder / "full" / "two.bin").write_bytes(b"\xff\x00")
        for name in ("moving", "reports"):
            (folder / name).mkdir()
        (folder / "moving" / "one.txt").write_text("one")
        (folder / "log.txt").write_text("first\n")
        assert shop.report(str(folder / "reports"), [[1, "a"], [2, "b"]]) == (True, "report.csv")
        assert shop.read(str(folder / "rates.json")) == 5
        assert shop.appended(str(folder / "log.txt"), "second\n") == 13
        assert shop.atomic(str(folder / "atomic.txt"), "text") == "text"
        assert shop.cleared(str(folder / "full")) == []
        assert shop.moved(str(folder / "moving")) == (["a", "moved.txt", "one.txt"], ["b"])
        assert shop.missing(str(folder / "none.txt")) == str(folder / "none.txt")
        for path in sorted(folder.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        folder.rmdir()

    return run


@pytest.fixture
def scenario(tmp_path: Path) -> Scenario:
    """The traffic, recorded."""
    project = tmp_path / "project"
    project.mkdir()
    return Scenario(project, {"shop": FILES}).record(traffic(tmp_path / "data"))


def test_files_are_read_and_written_again(scenario: Scenario, tmp_path: Path) -> None:
    """In a folder that nobody has any more; nothing of it is there afterwards."""
    replayed = scenario.judge(everything=True)
    assert (replayed.reasons, replayed.counts) == (set(), {"same": 7})
    assert not (tmp_path / "data").exists()


CHANGES = [
    (".writerows(rows)", ".writerows(rows[:1])", "out/report.csv"),
    ("file.write(text)\n    return", "file.write(text[:-1] + '.')\n    return", "log.txt"),
    ("        os.remove(os.path", "        name[0] == 'o' or os.remove(os.path", "one.txt"),
    ('"moved.txt"))', '"moved.text"))', "moved.text"),
]


@pytest.mark.parametrize(("old", "new", "shown"), CHANGES, ids=["content", "end", "not removed", "name"])
def test_another_file_diverges(scenario: Scenario, old: str, new: str, shown: str) -> None:
    """Another content, another name, one that is not removed."""
    judged = scenario.change("shop", old, new).judge()
    assert judged.counts["diverged"] == 1
    assert any(shown in name for name in judged.fields), judged.fields


def test_the_way_in_which_it_is_written_does_not_matter(scenario: Scenario) -> None:
    """What counts is how the file is at the end."""
    scenario.change("shop", "os.replace(name, path)", "os.remove(name); open(path, 'w').write(text)")
    judged = scenario.judge()
    assert judged.counts == {"same": 1}


SECRETS = """
    import json
    import pathlib

    def user(path):
        return json.loads(pathlib.Path(path).read_text())["user"]

    def keys(folder):
        return [path.read_text()[:5] for path in sorted(pathlib.Path(folder).glob("*.pem"))]
    """


def test_no_secret_of_a_file_is_written_in_clear(tmp_path: Path) -> None:
    """What is secret in a file is replaced as everywhere; files of keys are not read at all."""
    folder, project = tmp_path / "etc", tmp_path / "project"
    folder.mkdir()
    project.mkdir()
    (folder / "db.json").write_text('{"user": "shop", "password": "correct-horse-battery-9"}')
    (folder / "own.pem").write_text("-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0\n")

    def traffic(shop: Any) -> None:
        assert shop.user(str(folder / "db.json")) == "shop"
        assert shop.keys(str(folder)) == ["-----"]

    scenario = Scenario(project, {"shop": SECRETS}).record(traffic)
    written = b"".join(map(encode_trace, scenario.traces()))
    assert b"db.json" in written
    assert b"correct-horse-battery-9" not in written
    assert b"MIIEvQIBADANBgkqhkiG9w0" not in written


@pytest.mark.parametrize("name", ["/tmp/../x", "//x", "x", "/x\0y", "/"])
def test_a_recording_that_names_files_oddly_gives_none(tmp_path: Path, name: str) -> None:
    """It may be hostile: nothing is written outside of the overlay."""
    overlay = Overlay(str(tmp_path / "own" / "changed"), str(tmp_path / "own"))
    files = ReplayFiles(overlay, "/project", nullcontext)
    exchange = Exchange("file", "content", name, "session", record(path=name), "text", [], False, None, None, 0)
    with files.of(OneTrace([exchange])):  # type: ignore[arg-type]  # all that is asked of a trace
        assert not overlay.is_used


def test_writing_to_nowhere_is_no_effect(tmp_path: Path) -> None:
    """The null device is no file."""
    source = "def work(x):\n    return x\n"
    scenario = Scenario(tmp_path, {"shop": source}).record(lambda shop: shop.work(1))
    scenario.change("shop", "    return x", "    print(x, file=open('/dev/null', 'w'))\n    return x")
    assert scenario.judge().counts == {"same": 1}


ASKED = """
    import os
    import pathlib

    def found(folder):
        path = pathlib.Path(folder)
        return path.is_dir(), (path / "rates.json").is_file(), (path / "none.txt").exists()

    def grown(path, size):
        return os.path.getsize(path) > size, os.stat(path).st_mtime_ns

    def here():
        return os.getcwd().rpartition("/")[2], os.path.exists("rates.json"), pathlib.Path("rates.json").read_text()

    def there(folder):
        before = os.getcwd()
        os.chdir(folder)
        try:
            return here()
        finally:
            os.chdir(before)
    """


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scenario:
    """A service that asks about files, in a folder that is gone afterwards."""
    folder, project = tmp_path / "data", tmp_path / "project"
    project.mkdir()

    def traffic(shop: Any) -> None:
        folder.mkdir()
        (folder / "rates.json").write_text('{"rate": 5}')
        assert shop.found(str(folder)) == (True, True, False)
        assert shop.grown(str(folder / "rates.json"), 5)[0]
        with monkeypatch.context() as patch:
            patch.chdir(folder)
            assert shop.here() == ("data", True, '{"rate": 5}')
        assert shop.there(str(folder)) == ("data", True, '{"rate": 5}')
        shutil.rmtree(folder)

    return Scenario(project, {"shop": ASKED}).record(traffic)


def test_what_was_asked_about_is_there(asked: Scenario) -> None:
    """Files and folders that were, their size and time; the folder in which the trace began, or to which it went."""
    replayed = asked.judge(everything=True)
    assert (replayed.reasons, replayed.counts) == (set(), {"same": 4})
    asked.change("shop", "size, os.stat", "size + 10, os.stat")
    assert asked.judge().fields == {"return[0]": ("True", "False")}


def test_what_was_only_asked_about_holds_what_nobody_knows(asked: Scenario) -> None:
    """Code that opens it now is not judged."""
    asked.change("shop", '(path / "rates.json").is_file(),', 'bool((path / "rates.json").read_text()),')
    replayed = asked.judge()
    assert replayed.counts == {"not judged": 1}
    assert "rates.json, of which the recording does not say what it held" in replayed.reasons.pop()


@pytest.mark.parametrize(
    "child",
    [["..", False], ["a/b", False], ["a", False, -1, 0], ["a", False, "9", 0], ["a", False, 1 << 80, 1 << 62], ["a"]],
)
def test_odd_names_in_folders_give_nothing(tmp_path: Path, child: list[Any]) -> None:
    """Nor sizes and times that no file has."""
    folder = str(tmp_path / "data")
    overlay = Overlay(str(tmp_path / "own" / "changed"), str(tmp_path / "own"))
    files = ReplayFiles(overlay, "/project", nullcontext)
    answer = ListNode([ListNode(child)])
    exchange = Exchange("file", "content", folder, "session", record(path=folder), answer, [], False, None, None, 0)
    with files.of(OneTrace([exchange])):  # type: ignore[arg-type]  # all that is asked of a trace
        assert overlay.names(folder) == []


def test_a_file_of_any_size_takes_little_room(tmp_path: Path) -> None:
    """A recording may say that it held terabytes."""
    folder = str(tmp_path / "data")
    overlay = Overlay(str(tmp_path / "own" / "changed"), str(tmp_path / "own"))
    files = ReplayFiles(overlay, "/project", nullcontext)
    answer = ListNode([ListNode(["a", False, 1 << 60, 5])])
    exchange = Exchange("file", "content", folder, "session", record(path=folder), answer, [], False, None, None, 0)
    with files.of(OneTrace([exchange])):  # type: ignore[arg-type]  # all that is asked of a trace
        found = os.stat(overlay.seen(f"{folder}/a"))
        assert (found.st_size, found.st_mtime_ns) == (UNKNOWN, 5)
        assert overlay.changes() == {}
