"""The tools that ask a running process: placed, read and removed while it runs."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .assistant import Assistant
from .repository import Repository

SERVICE = """
    import sys, threading, time
    from pytest_runtime import record

    done = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), done.set()), daemon=True).start()
    sys.path.insert(0, ".")
    with record("staging", root="."):
        import runshop.pricing as pricing
        print("ready", flush=True)
        total = 0
        while not done.is_set():
            total += 10
            pricing.fee(total % 200)
            pricing.login("bob", "xk7-Planted-Secret-Q9")
            time.sleep(0.005)
    """


@pytest.fixture
def running(repository: Repository) -> Iterator[Repository]:
    """The project, and a process of it that records."""
    script = repository.path / "service.py"
    script.write_text(textwrap.dedent(SERVICE), encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, script],
        cwd=repository.path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=dict(os.environ),
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    try:
        yield repository
    finally:
        process.stdin.close()
        process.wait(20)
        process.stdout.close()


def placed(assistant: Assistant, **asked: Any) -> str:
    """The id of a probe that was placed; the process may only just have begun."""
    deadline = time.monotonic() + 10
    while True:
        called = assistant.call("place_probe", **asked)
        if not called.failed or time.monotonic() > deadline:
            assert not called.failed, called.text
            return str(called.data["probe"]["id"])
        time.sleep(0.2)


def test_a_log_shows_what_runs_and_goes(running: Repository, assistant: Assistant) -> None:
    """With a condition and a most of hits; the line is fenced."""
    asked = {"text": "total={total}", "condition": "total > 100", "hits": 3, "key": "pull/7"}
    probe = placed(assistant, kind="log", place="runshop/pricing.py:5", **asked)
    hits: list[dict[str, Any]] = []
    deadline = time.monotonic() + 10
    while len(hits) < 3 and time.monotonic() < deadline:
        hits = assistant.ask("read_probe", probe=probe, wait=5).data["hits"]
    assert len(hits) == 3
    assert all("total=1" in hit["text"] and hit["text"].startswith("<data-") for hit in hits)
    assert [row["id"] for row in assistant.ask("list_probes", key="pull/7").data["probes"]] == [probe]
    assert assistant.ask("list_probes", key="pull/8").data["probes"] == []
    assistant.ask("remove_probe", probe=probe)
    assert assistant.ask("list_probes").data["probes"] == []


def test_a_snapshot_shows_no_secret(running: Repository, assistant: Assistant) -> None:
    """What is redacted in a recording is here, too."""
    probe = placed(assistant, kind="snapshot", place="runshop.pricing:login", hits=1)
    called = assistant.ask("read_probe", probe=probe, wait=10)
    (hit,) = called.data["hits"]
    assert "bob" in hit["values"]["user"]
    assert "xk7-Planted-Secret-Q9" not in called.text
    assistant.ask("remove_probe", probe=probe)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"place": "runshop/pricing.py:5", "text": "{open('x')}"}, "open"),
        ({"place": "runshop/nothing.py:5", "text": "x"}, ""),
        ({"place": "not a place", "text": "x"}, ""),
    ],
)
def test_what_is_not_accepted_says_why(
    running: Repository, assistant: Assistant, asked: dict[str, Any], said: str
) -> None:
    """A place, an expression."""
    called = assistant.call("place_probe", kind="log", **asked)
    data = called.data.get("probe", {})
    waiting = [process["state"] for process in data.get("processes", [])]
    assert called.failed or set(waiting) <= {"waiting", "refused"}
    assert said in called.text


def test_a_policy_that_only_reads_places_nothing(running: Repository, assistant: Assistant) -> None:
    """Whoever asks."""
    (running.path / "policy.toml").write_text("read_only = true\n", encoding="utf-8")
    called = assistant.call("place_probe", kind="counter", place="runshop/pricing.py:5")
    assert called.failed
    assert assistant.ask("list_probes").data["probes"] == []


def test_probes_of_others_stay(running: Repository, assistant: Assistant) -> None:
    """An assistant cleans up behind itself alone."""
    from pytest_runtime import probes

    time.sleep(1)
    status = probes.create("counter", "runshop/pricing.py:5", root=Path(running.path), by="user:me")
    called = assistant.call("remove_probe", probe=status.probe.id)
    assert called.failed
    assert "somebody else" in called.text
    probes.remove(status.probe.id, root=Path(running.path), by="user:me")
