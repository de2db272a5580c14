"""The closed process: what would leave it during a replay is refused and named, never done."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_runtime.replay.execute.sandbox import Closed, LeavesProcess
from pytest_runtime.testing import Replayed, Scenario

PLAIN = """
    import os
    import pathlib
    import shutil
    import socket
    import sqlite3
    import subprocess
    import sys
    import threading
    import urllib.request

    FOLDER = pathlib.Path(__file__).parent

    def work(x):
        return x
    """

LEAVING = {
    "socket.connect": 'with socket.socket() as end: end.connect(("127.0.0.1", 9))',
    "socket.getaddrinfo": '__import__("_socket").getaddrinfo("localhost", 80)',
    "socket.sendto": 'with socket.socket(type=socket.SOCK_DGRAM) as end: end.sendto(b"x", ("127.0.0.1", 9))',
    "os.posix_spawn": 'os.posix_spawn(sys.executable, [sys.executable, "-c", ""], {})',
    "os.fork": "os.fork()",
    "open": '(FOLDER / "planted").write_text("x")',
    "os.mkdir": '(FOLDER / "planted").mkdir()',
    "os.remove": '(FOLDER / "kept").unlink()',
    "os.rename": '(FOLDER / "kept").rename(FOLDER / "planted")',
    "shutil.rmtree": 'shutil.rmtree(FOLDER / "kept_folder")',
    "os.chmod": '(FOLDER / "kept").chmod(0)',
    "os.symlink": 'os.symlink("kept", FOLDER / "planted")',
    "os.kill": "os.kill(os.getpid(), 0)",
}


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Scenario]:
    """A recorded function that does nothing, beside a file and a folder; afterwards, both are there as before."""
    (tmp_path / "kept").write_text("kept")
    (tmp_path / "kept_folder").mkdir()
    yield Scenario(tmp_path, {"plain": PLAIN}).record(lambda plain: plain.work(1))
    assert (tmp_path / "kept").read_text() == "kept"
    assert (tmp_path / "kept_folder").is_dir()
    assert not (tmp_path / "planted").exists()


def changed(plain: Scenario, body: str) -> Replayed:
    """Replay with another body of `work`."""
    lines = body.replace("\n", "\n    ")
    return plain.change("plain", "def work(x):\n    return x", f"def work(x):\n    {lines}\n    return x").replay()


def assert_refused(replayed: Replayed, event: str) -> None:
    """Not judged, with the call in the reason."""
    assert replayed.counts == {"not judged": 1}
    assert f"refused {event}(" in replayed.reasons.pop()


@pytest.mark.parametrize("event", LEAVING)
def test_what_leaves_the_process_is_refused(plain: Scenario, event: str) -> None:
    """Sockets, processes and changes of files: refused before they happen, named, not judged."""
    assert_refused(changed(plain, LEAVING[event]), event)


@pytest.mark.parametrize("event", ["socket.connect", "os.posix_spawn", "open"])
def test_a_thread_of_the_replay_is_closed_too(plain: Scenario, event: str) -> None:
    """What the replay starts belongs to it."""
    body = f"def run():\n    try:\n        {LEAVING[event]}\n    except BaseException:\n        pass\n"
    assert_refused(changed(plain, f"{body}thread = threading.Thread(target=run)\nthread.start()\nthread.join()"), event)


@pytest.mark.parametrize("swallow", ["except Exception:", "except BaseException:", "except:", "finally:"])
def test_no_handler_of_the_service_hides_a_refusal(plain: Scenario, swallow: str) -> None:
    """Whatever the service catches, the trace is not judged."""
    inside = "return 7" if swallow == "finally:" else "x = 7"
    assert_refused(changed(plain, f"try:\n    {LEAVING['os.fork']}\n{swallow}\n    {inside}"), "os.fork")


def test_a_database_file_opened_past_the_boundary_is_refused(plain: Scenario) -> None:
    """A connection that the boundary does not see would open a file."""
    assert_refused(changed(plain, 'sqlite3.Connection(str(FOLDER / "planted"))'), "sqlite3.connect")


def test_a_database_in_memory_is_allowed(plain: Scenario) -> None:
    """It leaves nothing behind."""
    assert changed(plain, 'sqlite3.Connection(":memory:").close()').counts == {"same": 1}


def test_reading_files_is_allowed(plain: Scenario) -> None:
    """Templates and data files belong to the code."""
    assert changed(plain, 'x = len((FOLDER / "kept").read_text()) - 3').counts == {"same": 1}


def test_private_keys_are_not_read(plain: Scenario) -> None:
    """The keys that read what recordings hide are not for code under test, nor is what the process was started with."""
    keys = plain.folder / "config" / "pytest-runtime" / "keys"
    keys.parent.mkdir(parents=True)
    keys.write_text("no key at all")
    for path in (str(keys), "/proc/self/environ"):
        assert_refused(changed(plain, f"x = len(open({path!r}).read())"), "open")
        plain.change("plain", f"    x = len(open({path!r}).read())\n", "")


def test_the_null_device_is_allowed(plain: Scenario) -> None:
    """Writing to nowhere changes nothing."""
    assert changed(plain, 'open(os.devnull, "w").close()').counts == {"same": 1}


def test_building_the_application_is_closed_too(tmp_path: Path) -> None:
    """A module that reaches out at import is named, and its entries say so."""
    scenario = Scenario(tmp_path, {"plain": PLAIN}).record(lambda plain: plain.work(1))
    scenario.change("plain", "def work(x)", 'os.system("touch " + str(FOLDER / "planted"))\n\ndef work(x)')
    with pytest.raises(Exception, match=r"refused os\.system\(.* while the code under test was imported or built"):
        scenario.replay()
    assert not (tmp_path / "planted").exists()


@pytest.fixture
def guard(tmp_path: Path) -> Iterator[Closed]:
    """A guard that is on, with a scratch folder."""
    (tmp_path / "scratch").mkdir()
    closed = Closed(str(tmp_path / "scratch"))
    undo = closed.install()
    yield closed
    undo()


def test_outside_a_replay_everything_works(guard: Closed, tmp_path: Path) -> None:
    """The test session around the replays may connect, run processes and write."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(1)
        socket.create_connection(server.getsockname()).close()
    subprocess.run([sys.executable, "-S", "-c", ""], check=True)
    assert os.system("true") == 0
    (tmp_path / "file").write_text("x")
    sqlite3.connect(tmp_path / "database").close()
    (tmp_path / "file").unlink()


def test_the_scratch_folder_may_be_written(guard: Closed, tmp_path: Path) -> None:
    """While code is built, writing there is allowed, beside it is not."""
    guard.importing = True
    try:
        (tmp_path / "scratch" / "file").write_text("x")
        with pytest.raises(LeavesProcess, match="refused open"):
            (tmp_path / "scratchy").write_text("x")
        with pytest.raises(LeavesProcess, match="refused open"):
            (tmp_path / "scratch" / ".." / "file").write_text("x")
    finally:
        guard.importing = False
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scratch"]
