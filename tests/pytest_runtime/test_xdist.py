"""pytest-xdist: workers find together what one process finds, and share what takes time."""

from __future__ import annotations

import os
import re
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pytest_runtime.replay.execute.child_process import forked
from pytest_runtime.replay.judge.oracle import LOCK_DIGITS, LOCKS
from pytest_runtime.replay.model import progress
from pytest_runtime.replay.model.file_locks import LockFile

from ..project import ITEMS, RUN, Project, output

WORKERS = ("-n", "2")


@pytest.fixture(scope="module")
def reports() -> dict[str, bytes]:
    """What one process reports, by the arguments; made once."""
    return {}


def report_of(project: Project, *args: str) -> bytes:
    """The bytes of the JSON report of a run."""
    project.run(*RUN, "--runtime-json=report.json", *args)
    return read_report(project)


def read_report(project: Project) -> bytes:
    """The bytes of the last report, wherever the project lies."""
    return (project.path / "report.json").read_bytes().replace(bytes(project.path), b"PROJECT")


def changed(project: Project) -> Project:
    """One class diverges, and a changed line is a blind spot."""
    return project.moved_threshold().change("return number", "return number\n    return 1", "runshop/stock.py")


@pytest.mark.parametrize(
    "mode",
    [
        (*WORKERS, "--dist", "load"),
        (*WORKERS, "--dist", "loadscope"),
        (*WORKERS, "--dist", "loadfile"),
        (*WORKERS, "--dist", "loadgroup"),
        (*WORKERS, "--dist", "worksteal"),
        ("--dist", "each", "--tx", "2*popen"),
        ("--dist", "no", "--tx", "2*popen"),
    ],
    ids=lambda mode: mode[mode.index("--dist") + 1],
)
def test_workers_report_what_one_process_reports(
    project: Project, reports: dict[str, bytes], mode: tuple[str, ...]
) -> None:
    """Byte for byte, however the items are handed out; `each` lets every worker judge all, and counts them once."""
    changed(project)
    if "alone" not in reports:
        reports["alone"] = report_of(project)
    result = project.run(*RUN, "--runtime-json=report.json", *mode)
    assert read_report(project) == reports["alone"]
    assert result.ret == 1
    assert "7 traces replayed (6 of 6 path classes): 5 same, 2 diverged" in output(result)
    times = 2 if "each" in mode else 1
    result.assert_outcomes(passed=times * (ITEMS + 1), failed=times)


def test_workers_use_the_seal_that_was_made_before_them(project: Project) -> None:
    """Base is sealed once, and what they report is what one process reports."""
    project.write(".gitignore", "report.json\n").commit().moved_threshold()
    result = project.run(*RUN, "--runtime-json=report.json", *WORKERS)
    assert output(result).count("sealing HEAD: 7 traces") == 1
    [seal] = (project.path / ".runtime" / "seals").glob("*.seal")
    made = seal.stat().st_mtime_ns
    workers = read_report(project)
    assert report_of(project) == workers
    assert seal.stat().st_mtime_ns == made


@pytest.mark.parametrize("mode", [[], WORKERS], ids=["one process", "workers"])
def test_the_summary_says_a_failure_in_one_line_where_pytest_cuts_nothing(
    project: Project, mode: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On CI pytest prints the whole message of a failure there, however long it is."""
    monkeypatch.setenv("CI", "1")
    project.moved_threshold()
    result = project.run(*RUN, *mode)
    _, _, summary = output(result).partition("short test summary info")
    assert len([line for line in summary.splitlines() if line.startswith("FAILED")]) == 1
    assert "replay one:" not in summary


def test_the_code_is_loaded_once_for_all_workers(project: Project) -> None:
    """Each replays on a copy of the process that loaded it."""
    project.write("runshop/__init__.py", "import os\nLOADED_IN = os.getpid()\n")
    project.change('return f"hello {name}"', "import runshop\n    return runshop.LOADED_IN")
    result = project.run(*RUN, "-k", "label", "--dist", "each", "--tx", "2*popen")
    processes = re.findall(r"return +'hello x' → (\d+)", output(result))
    assert len(processes) == 2 + 1  # each worker's failure, and the summary
    assert len(set(processes)) == 1


def test_workers_load_the_code_where_nobody_can_lend_it(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A path to a socket has a hundred characters at most."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("long" * 30)))
    result = project.moved_threshold().run(*RUN, "-n", "1")
    result.assert_outcomes(passed=ITEMS + 1, failed=1)


TERMINAL = """
    import pytest

    @pytest.hookimpl(trylast=True)
    def pytest_configure(config):
        reporter = config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.isatty = lambda: True
    """


@pytest.mark.parametrize("workers", [(), WORKERS], ids=["alone", "workers"])
def test_progress_is_shown_to_who_waits_before_a_terminal(
    project: Project, monkeypatch: pytest.MonkeyPatch, workers: tuple[str, ...]
) -> None:
    """How many traces of how many, of the items that were selected; a log needs none."""
    monkeypatch.setattr(progress, "FIRST", -1.0)
    selected = (*workers, "-k", "fee or left")
    assert "replaying: " not in output(project.moved_threshold().run(*RUN, *selected))
    result = project.write("conftest.py", TERMINAL).run(*RUN, *selected)
    line = r"^runtime: replaying: (\d) of 5 after \d+ s, \S+ a second, about \d+ s left$"
    first, *_others = re.findall(line, output(result), re.M)
    assert first in ("1", "2")  # a worker tells of a whole item


# --- two runs of one project ------------------------------------------------------------------------------------------


def sealed(project: Project) -> Path:
    """The file of the seal of base, made."""
    project.commit().moved_threshold().run(*RUN, "-k", "fee")
    [seal] = (project.path / ".runtime" / "seals").glob("*.seal")
    return seal


def _is_waited_for(locks: Path) -> bool:
    """Whether a process waits for a lock in a file (`proc_locks(5)`: an arrow stands before those)."""
    inode = f":{locks.stat().st_ino}"
    lines = Path("/proc/locks").read_text().splitlines()
    return any("->" in line and any(word.endswith(inode) for word in line.split()) for line in lines)


@contextmanager
def other_run(seal: Path, then: Callable[[], object]) -> Iterator[None]:
    """Another process has the lock of a seal, and does something and ends as soon as somebody waits for it."""
    reading, writing = os.pipe()

    def live() -> None:
        assert LockFile(seal.parent / LOCKS).take(int(seal.stem[-LOCK_DIGITS:], 16))
        os.write(writing, b"r")
        until = time.monotonic() + 60
        while not _is_waited_for(seal.parent / LOCKS) and time.monotonic() < until:
            time.sleep(0.01)
        then()

    child = forked(live)
    os.close(writing)
    assert os.read(reading, 1) == b"r"
    os.close(reading)
    yield
    os.waitpid(child, 0)


def test_a_run_waits_for_another_one_that_seals(project: Project) -> None:
    """It uses the seal of the other, and says what it waits for."""
    seal = sealed(project)
    kept = seal.read_bytes()
    seal.unlink()
    with other_run(seal, lambda: seal.write_bytes(kept)):
        result = project.run(*RUN)
    assert "another run is sealing HEAD; waiting for it" in output(result)
    assert "sealing HEAD: 7 traces" not in output(result)
    result.assert_outcomes(passed=3, failed=1)


def test_a_run_does_not_wait_for_one_that_crashed(project: Project) -> None:
    """It seals by itself as soon as the other is gone."""
    seal = sealed(project)
    seal.unlink()
    with other_run(seal, lambda: os.kill(os.getpid(), signal.SIGKILL)):
        result = project.run(*RUN)
    assert "another run is sealing HEAD; waiting for it" in output(result)
    assert "sealing HEAD: 7 traces" in output(result)
    assert seal.exists()
    result.assert_outcomes(passed=3, failed=1)
