"""Probes in other processes: every one below `record`, also those that start later, fork, and are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pytest_runtime import probes
from pytest_runtime.probes import ProbeStatus
from pytest_runtime.recorders.errors import ProbeRefused
from pytest_runtime.recorders.probes.folder import ProbeFolder

from .live import until

WORKER = """
    import os, sys, time

    def turn(number):
        return number + 1  # turn

    def work(seconds):
        end, number = time.monotonic() + seconds, 0
        while time.monotonic() < end:
            number = turn(number)
            time.sleep(0.005)
"""

FORKING = """
    import os, sys, time
    from shop.work import work

    pids = []
    for _worker in range(3):
        pid = os.fork()
        if pid == 0:
            work(20)
            os._exit(0)
        pids.append(pid)
    open("pids", "w").write(" ".join(map(str, pids)))
    for pid in pids:
        os.waitpid(pid, 0)
"""

SPAWNING = """
    import subprocess, sys, time
    time.sleep(1.5)
    subprocess.run([sys.executable, "-m", "shop.later"])
"""


@contextmanager
def running(root: Path, main: str) -> Iterator[subprocess.Popen[bytes]]:
    """`python -m shop` under `pytest-runtime record`; ended with all its children."""
    package = root / "shop"
    package.mkdir()
    (root / "pyproject.toml").write_text('[tool.pytest-runtime]\ninclude = ["shop"]\n')
    (package / "__init__.py").write_text("")
    (package / "work.py").write_text(textwrap.dedent(WORKER))
    (package / "later.py").write_text("from shop.work import work\nwork(20)\n")
    (package / "__main__.py").write_text(textwrap.dedent(main))
    record = [sys.executable, "-m", "pytest_runtime", "record", "--baseline", "staging", "--"]
    process = subprocess.Popen([*record, sys.executable, "-W", "error", "-m", "shop"], cwd=root, start_new_session=True)
    try:
        until(lambda: (root / ".runtime" / "staging.baseline").is_file())
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def status_of(root: Path, status: ProbeStatus) -> ProbeStatus:
    """How a probe stands now."""
    return probes.read(status.probe.id, root=root).status


def armed(root: Path, status: ProbeStatus) -> set[int]:
    """Processes in which it stands."""
    found = status_of(root, status).processes
    return {one.pid for one in found if one.state in ("armed", "next call", "paused") and one.running}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_every_worker_has_the_probe_within_a_second_or_so(tmp_path: Path) -> None:
    """Hits are as many as were asked for, over all of them; one that is killed is told; forks warn of nothing."""
    with running(tmp_path, FORKING):
        until(lambda: (tmp_path / "pids").is_file() and (tmp_path / "pids").read_text().count(" ") == 2)
        workers = {int(pid) for pid in (tmp_path / "pids").read_text().split()}
        counter = probes.create("counter", "shop/work.py:turn", root=tmp_path, baseline="staging", wait=5.0)
        until(lambda: armed(tmp_path, counter) >= workers, 3.0)
        log = probes.create("log", "shop/work.py:turn", text="{number}", hits=5, root=tmp_path, baseline="staging")
        until(lambda: status_of(tmp_path, log).life == "done")
        hits = probes.read(log.probe.id, root=tmp_path).hits
        assert [hit.number for hit in hits] == [1, 2, 3, 4, 5]
        assert {hit.pid for hit in hits} <= workers
        killed = min(workers)
        os.kill(killed, signal.SIGKILL)

        def told() -> bool:
            return any(
                (one.pid, one.state, one.reason) == (killed, "removed", "the process ended without a word")
                for one in status_of(tmp_path, counter).processes
            )

        until(told)
        before = status_of(tmp_path, counter).hits
        until(lambda: status_of(tmp_path, counter).hits > before)
        with pytest.raises(ProbeRefused, match="there is no process"):
            probes.create("counter", "shop/work.py:turn", pid=killed, root=tmp_path, baseline="staging")
        removed = probes.remove(counter.probe.id, root=tmp_path, wait=5.0)
        assert removed.life == "removed"
        folder = ProbeFolder(str(tmp_path / ".runtime" / "staging.baseline")).path
        assert [path.name for path in folder.rglob("*") if counter.probe.id in str(path)] == []


def test_a_process_that_starts_later_has_it_too(tmp_path: Path) -> None:
    """And the one that does not load the file waits for it."""
    with running(tmp_path, SPAWNING):
        status = probes.create("counter", "shop/work.py:turn", root=tmp_path, baseline="staging", wait=5.0)
        assert [one.state for one in status.processes] == ["waiting"]
        until(lambda: status_of(tmp_path, status).hits > 3)
        assert len(armed(tmp_path, status)) == 1


def test_a_process_that_is_not_recorded_does_not_answer(tmp_path: Path) -> None:
    """Which is said, and nothing stays."""
    with running(tmp_path, SPAWNING):
        with pytest.raises(ProbeRefused, match="does not answer: is it recorded into staging"):
            probes.create("counter", "shop/work.py:turn", pid=os.getpid(), root=tmp_path, baseline="staging", wait=0.5)
        assert probes.list(root=tmp_path, baseline="staging") == ()
