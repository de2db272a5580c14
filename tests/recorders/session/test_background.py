"""The recorder's thread: it is there when there is work, gone while the process forks, and nobody notices it."""

from __future__ import annotations

import _thread
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_runtime.recorders.session import background as worker_module
from pytest_runtime.recorders.session.background import BackgroundThread

SOON = 5.0
"""Seconds that something may take which takes a moment."""


class Rounds:
    """Work that counts its rounds and notes the threads that did them."""

    def __init__(self) -> None:
        self.count = 0
        self.threads: set[int] = set()
        self.done = threading.Event()

    def __call__(self) -> None:
        """One round."""
        self.count += 1
        self.threads.add(threading.get_native_id())
        self.done.set()


@pytest.fixture
def rounds() -> Rounds:
    """Work to do."""
    return Rounds()


@pytest.fixture
def worker(rounds: Rounds) -> Iterator[BackgroundThread]:
    """A worker that does it."""
    made = BackgroundThread(rounds, period=0.001)
    yield made
    assert made.pause(SOON)


def is_alive(native: int) -> bool:
    """Whether the operating system knows a thread of this process."""
    return Path(f"/proc/self/task/{native}").exists()


def test_it_starts_with_the_first_work_and_is_not_seen(worker: BackgroundThread, rounds: Rounds) -> None:
    """Before it is asked there is no thread; then there is one, which `threading` does not list."""
    before = threading.enumerate()
    assert rounds.count == 0
    assert worker.start()
    assert worker.start()
    assert rounds.done.wait(SOON)
    assert threading.enumerate() == before
    assert worker.pause(SOON)
    assert len(rounds.threads) == 1


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads are looked up in Linux's /proc")
def test_a_pause_leaves_no_thread_behind(worker: BackgroundThread, rounds: Rounds) -> None:
    """When `pause` returns, the operating system has no such thread any more; the next start makes another."""
    for _ in range(20):
        rounds.done.clear()
        rounds.threads.clear()
        worker.start()
        assert rounds.done.wait(SOON)
        assert worker.pause(SOON)
        assert not any(map(is_alive, rounds.threads))
    assert worker.pause(0.0)


def test_the_last_work_is_done_by_the_thread(worker: BackgroundThread, rounds: Rounds) -> None:
    """`finish` has a last piece of work done after all others, and waits for it."""
    done: list[int] = []
    worker.start()
    assert rounds.done.wait(SOON)
    assert worker.finish(lambda: done.append(threading.get_native_id()), SOON)
    assert set(done) == rounds.threads
    count = rounds.count
    time.sleep(0.01)
    assert rounds.count == count


def test_the_last_work_is_done_where_there_is_no_thread(worker: BackgroundThread) -> None:
    """Without a thread, as at the end of an interpreter that starts none, the last work is done on the spot."""
    done: list[int] = []
    assert worker.finish(lambda: done.append(threading.get_native_id()), 0.0)
    assert done == [threading.get_native_id()]


def test_the_end_is_not_waited_for_without_end(rounds: Rounds) -> None:
    """Work that hangs holds nobody up for longer than was said."""
    go_on = threading.Event()

    def hang() -> None:
        rounds()
        go_on.wait(SOON)

    worker = BackgroundThread(hang, period=0.001)
    worker.start()
    assert rounds.done.wait(SOON)
    assert not worker.pause(0.01)
    assert not worker.finish(lambda: None, 0.01)
    go_on.set()
    assert worker.pause(SOON)


def test_no_thread_can_be_had(worker: BackgroundThread, rounds: Rounds, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the operating system gives no thread, the service goes on, and the next start tries again."""

    def refuse(*args: Any) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(worker_module, "start_new_thread", refuse)
        assert not worker.start()
    assert worker.start()
    assert rounds.done.wait(SOON)


def test_an_alarm_while_it_starts_leaves_one_thread(rounds: Rounds, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a signal's exception passes through the start, there is one thread afterwards, not two."""
    start = _thread.start_new_thread

    def interrupted(*args: Any) -> None:
        start(*args)
        raise TimeoutError

    worker = BackgroundThread(rounds, period=0.001)
    with monkeypatch.context() as patched:
        patched.setattr(worker_module, "start_new_thread", interrupted)
        with pytest.raises(TimeoutError):
            worker.start()
    worker.start()
    time.sleep(0.05)
    rounds.threads.clear()
    rounds.done.clear()
    assert rounds.done.wait(SOON)
    time.sleep(0.01)
    assert worker.pause(SOON)
    assert len(rounds.threads) == 1


def test_patches_of_the_primitives_do_not_reach_it(
    worker: BackgroundThread, rounds: Rounds, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever patches locks, threads and clocks after the recorder's start, as gevent and eventlet do, is not asked."""

    def patched(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError("a patched primitive was used")

    with monkeypatch.context() as patch:
        for module, names in (
            (_thread, ("start_new_thread", "allocate_lock", "RLock", "get_ident", "get_native_id")),
            (threading, ("Thread", "Lock", "RLock", "Event", "current_thread")),
            (time, ("sleep", "monotonic", "time")),
        ):
            for name in names:
                patch.setattr(module, name, patched)
        started = worker.start()
        while not rounds.count:
            pass
        paused = worker.pause(SOON)
    assert started
    assert paused


# --- in processes of their own ---------------------------------------------------------------------------------------

SHOP = "def price(amount):\n    return amount * 2\n"


def run_recorded(folder: Path, script: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run a script under the recorder, to its end."""
    (folder / "shop.py").write_text(SHOP)
    (folder / "pyproject.toml").write_text('[tool.pytest-runtime]\nsample = "all"\ninclude = ["shop"]\n')
    (folder / "script.py").write_text(textwrap.dedent(script))
    recorder = [sys.executable, "-m", "pytest_runtime", "record", "--baseline", "x"]
    command = [*recorder, "--", sys.executable, *options, "script.py"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def test_a_fork_gives_no_warning(tmp_path: Path) -> None:
    """A service that forks while the recorder writes sees no warning of several threads, and records on afterwards."""
    ended = run_recorded(
        tmp_path,
        """
        import os, time
        import shop
        for turn in range(10):
            shop.price(turn)
            time.sleep(0.02)
            child = os.fork()
            if not child:
                os._exit(0)
            os.waitpid(child, 0)
        """,
        "-W",
        "error::DeprecationWarning",
    )
    assert ended.returncode == 0, ended.stderr
    assert "10 traces recorded" in ended.stderr
    assert "Warning" not in ended.stderr
    assert "nothing dropped" in ended.stderr


@pytest.mark.parametrize("patch", ["gevent", "eventlet"])
@pytest.mark.parametrize("before", ["shop.price(1)", ""], ids=["after a trace", "before the first"])
def test_a_service_that_patches_its_threads_runs(tmp_path: Path, patch: str, before: str) -> None:
    """A module that has everything patched while it is imported is served and ends: after the recorder was at work, and
    before, when what writes is loaded into a patched process."""
    pytest.importorskip(patch)
    patching = {"gevent": "from gevent import monkey; monkey.patch_all()", "eventlet": "eventlet.monkey_patch()"}
    ended = run_recorded(
        tmp_path,
        f"""
        import time
        import {patch}
        import shop
        {before}
        time.sleep(0.3)
        {patching[patch]}
        import threading
        with threading.RLock():
            threads = [threading.Thread(target=lambda: shop.price(2)) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        time.sleep(0.3)
        """,
    )
    assert ended.returncode == 0, ended.stderr
    assert f"{20 + bool(before)} traces recorded" in ended.stderr
    assert "nothing dropped" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_suite_that_makes_warnings_errors_starts(tmp_path: Path) -> None:
    """A test suite with `filterwarnings = error` runs under the recorder as it runs without it."""
    (tmp_path / "test_shop.py").write_text("import shop\n\n\ndef test_price():\n    assert shop.price(2) == 4\n")
    script = "import sys, pytest\nsys.exit(pytest.main(['-q', '-W', 'error', '-p', 'no:cacheprovider']))"
    ended = run_recorded(tmp_path, script)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "1 passed" in ended.stdout
