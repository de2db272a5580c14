"""Locks between processes: one holder each, and none of one that ended, whatever it left running."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pytest_runtime.replay.execute.child_process import forked
from pytest_runtime.replay.model.file_locks import LockFile


@contextmanager
def other_process(run: Callable[[], None]) -> Iterator[int]:
    """Another process that has run a function, and stays until it is killed; its number."""
    reading, writing = os.pipe()

    def live() -> None:
        os.close(reading)
        run()
        os.write(writing, b"r")
        signal.pause()

    child = forked(live)
    os.close(writing)
    try:
        assert os.read(reading, 1) == b"r"
        yield child
    finally:
        os.close(reading)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_a_lock_has_one_holder(tmp_path: Path) -> None:
    """Other bytes are other locks."""
    with other_process(lambda: taken(tmp_path / "locks", 7)):
        locks = LockFile(tmp_path / "locks")
        assert not locks.take(7)
        assert locks.take(8)
        locks.close()


def taken(path: Path, byte: int) -> None:
    """Take a lock and keep it."""
    assert LockFile(path).take(byte)


def test_nobody_waits_for_a_process_that_crashed(tmp_path: Path) -> None:
    """Its locks are free, although a process that it forked goes on and has its descriptors."""

    def run() -> None:
        taken(tmp_path / "locks", 1)
        grandchild = forked(signal.pause)
        (tmp_path / "grandchild").write_text(str(grandchild))

    locks = LockFile(tmp_path / "locks")
    try:
        with other_process(run):
            assert not locks.take(1)
        assert locks.take(1)
    finally:
        os.kill(int((tmp_path / "grandchild").read_text()), signal.SIGKILL)
        locks.close()


def test_who_waits_goes_on_when_the_holder_ends(tmp_path: Path) -> None:
    """It waits as long as the other lives."""
    locks = LockFile(tmp_path / "locks")
    order: list[str] = []

    def wait() -> None:
        locks.wait(3)
        order.append("has it")

    with other_process(lambda: taken(tmp_path / "locks", 3)):
        waiting = threading.Thread(target=wait)
        waiting.start()
        time.sleep(0.05)
        order.append("the holder ends")
    waiting.join()
    assert order == ["the holder ends", "has it"]
    locks.close()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """Somebody may have put it there."""
    (tmp_path / "target").write_text("")
    (tmp_path / "locks").symlink_to("target")
    with pytest.raises(OSError, match="locks"):
        LockFile(tmp_path / "locks")
