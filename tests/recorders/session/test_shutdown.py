"""Shutdown: however a recorded process ends, nothing that was accepted is lost, and its end stays its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pytest_runtime.recorders.store.open import open_reader

ROOT = str(Path(__file__).resolve().parents[3])
WAIT = "for _ in range(600): time.sleep(0.1)"
"""Not one long sleep: a signal that comes between Python's last look for one and the system call waits for its end."""

SHOP = "def price(amount):\n    if amount % 2:\n        return 'odd'\n    return amount * 2\n"
SCRIPT = """
import sys, time, os
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import shop
for number in range(150):
    shop.price(number)
print("ready", flush=True)
END
"""
ENDS = {
    "normal": ("", 0),
    "exit": ("sys.exit(7)", 7),
    "exception": ("raise RuntimeError('end of service')", 1),
}


def start(tmp_path: Path, end: str) -> subprocess.Popen[str]:
    """A service under `pytest-runtime record`, which says when its 150 calls are done."""
    (tmp_path / "shop.py").write_text(SHOP)
    (tmp_path / "pyproject.toml").write_text('[tool.pytest-runtime]\nsample = "all"\ninclude = ["shop"]\n')
    (tmp_path / "script.py").write_text(SCRIPT.replace("END", end))
    command = [
        sys.executable,
        "-m",
        "pytest_runtime",
        "record",
        "--baseline",
        "x",
        "--store",
        str(tmp_path / "x.baseline"),
    ]
    command += ["--", sys.executable, str(tmp_path / "script.py")]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": ROOT},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs ignore it
    )


def ended(process: subprocess.Popen[str]) -> tuple[str, str]:
    """(output, errors) of a process that ends soon; one that does not is killed, so that it troubles no other test."""
    with process:
        try:
            return process.communicate(timeout=60)
        finally:
            process.kill()


def counts(tmp_path: Path) -> list[int]:
    """Counts of the two paths, from a complete file."""
    assert sorted(path.name for path in tmp_path.glob("x.baseline*")) == ["x.baseline"]
    reader = open_reader(str(tmp_path / "x.baseline"))
    try:
        assert all(one.trace is not None for one in reader.traces())
        return [one.count for one in reader.classes()]
    finally:
        reader.close()


@pytest.mark.parametrize("name", list(ENDS))
def test_an_end_of_its_own(tmp_path: Path, name: str) -> None:
    """A process that ends by itself, in whichever way, leaves every trace behind and keeps its exit status."""
    end, status = ENDS[name]
    out, err = ended(process := start(tmp_path, end))
    assert (process.returncode, out) == (status, "ready\n"), err
    assert ("RuntimeError: end of service" in err) == (name == "exception")
    assert "150 traces recorded" in err
    assert "nothing dropped" in err
    assert counts(tmp_path) == [75, 75]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal(tmp_path: Path, number: signal.Signals) -> None:
    """SIGTERM and SIGINT lose nothing, and the status stays that of the signal."""
    process = start(tmp_path, WAIT)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    started = time.monotonic()
    process.send_signal(number)
    _, err = ended(process)
    assert process.returncode == -number, err
    assert time.monotonic() - started < 10
    assert counts(tmp_path) == [75, 75]
    assert "150 traces recorded" in err


def test_a_signal_while_everything_is_being_written(tmp_path: Path) -> None:
    """A process that is told to end while it is ending anyway writes everything first."""
    process = start(tmp_path, "for number in range(3000):\n    shop.price(number)\nprint('again', flush=True)")
    assert process.stdout is not None
    assert [process.stdout.readline(), process.stdout.readline()] == ["ready\n", "again\n"]
    process.send_signal(signal.SIGTERM)
    _, err = ended(process)
    assert process.returncode in (0, -signal.SIGTERM), err
    assert "3150 traces recorded" in err
    assert counts(tmp_path) == [1575, 1575]


def test_a_handler_of_the_service_stays(tmp_path: Path) -> None:
    """A service that handles SIGTERM itself does so; its traces are written at its own end."""
    handler = "import signal\nsignal.signal(signal.SIGTERM, lambda *args: sys.exit(3))"
    end = f"{handler}\nprint('set', flush=True)\n{WAIT}"
    process = start(tmp_path, end)
    assert process.stdout is not None
    assert [process.stdout.readline() for _ in range(2)] == ["ready\n", "set\n"]
    process.send_signal(signal.SIGTERM)
    _, err = ended(process)
    assert process.returncode == 3, err
    assert counts(tmp_path) == [75, 75]
