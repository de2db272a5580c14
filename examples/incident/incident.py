"""A search in a running service, from the first question to the fix that is proved: `make incident`.

    python examples/incident/incident.py

Trades above 10,000 dollars have to be flagged, and some large ones are not. The service runs under `pytest-runtime
record`, and is under traffic all the time.

1. A **log probe** where the flag is set in the answer, for large amounts without a flag: which trades are these?
2. A **snapshot** in the handler that swallows exceptions, for three hits: which exception is it, and where does it come
   from?
3. The fix, with which the service is started again.
4. A second **log probe** at the same place: large trades without a flag come no more, and those of the same currency
   are flagged.

Everything is written to a temporary directory. Exits with 0 when all of that came about.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pytest_runtime import probes
from pytest_runtime.probes import Hit, ProbeStatus
from pytest_runtime.recorders.probes.render import render

EXAMPLE = Path(__file__).resolve().parent
TRADING = "shop/trading.py"
WAIT_SECONDS = 30.0
TRADES = (
    {"customer": "ada", "amount": 120, "currency": "USD"},
    {"customer": "bob", "amount": 25_000, "currency": "EUR"},
    {"customer": "eve", "amount": 4_000_000, "currency": "JPY"},
    {"customer": "joe", "amount": 9_000, "currency": "GBP"},
)


class NotFound(Exception):
    """A step did not show what it should have; the message says which."""


def say(text: str) -> None:
    print(text, flush=True)


def line_of(project: Path, text: str, file: str = TRADING) -> str:
    """The place of the only line of a file that holds a text."""
    lines = (project / file).read_text().splitlines()
    (found,) = [number for number, line in enumerate(lines, 1) if text in line]
    return f"{file}:{found}"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def post(port: int, trade: dict[str, object]) -> dict[str, object]:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/trades", json.dumps(trade).encode())
    with urllib.request.urlopen(request, timeout=5) as response:
        answer: dict[str, object] = json.load(response)
        return answer


def until(holds: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + WAIT_SECONDS
    while not holds():
        if time.monotonic() > end:
            raise NotFound(f"{what} did not come within {WAIT_SECONDS:.0f} s")
        time.sleep(0.05)


@contextmanager
def running(project: Path) -> Iterator[int]:
    """The service under the recorder, with traffic; its port."""
    port = free_port()
    command = [sys.executable, "-m", "pytest_runtime", "record", "--baseline", "incident", "--"]
    environment = dict(os.environ)
    service = subprocess.Popen(
        [*command, sys.executable, "-m", "shop.web", str(port)], cwd=project, env=environment, stderr=subprocess.DEVNULL
    )
    stop = threading.Event()
    traffic = threading.Thread(target=send, args=(port, stop))
    try:
        until(lambda: answers(port), "an answer of the service")
        traffic.start()
        yield port
    finally:
        stop.set()
        if traffic.ident is not None:
            traffic.join()
        service.terminate()
        service.wait()


def answers(port: int) -> bool:
    try:
        post(port, {"customer": "ada", "amount": 1, "currency": "USD"})
    except (OSError, urllib.error.URLError):
        return False
    return True


def send(port: int, stop: threading.Event) -> None:
    while not stop.is_set():
        for trade in TRADES:
            post(port, dict(trade))
        urllib.request.urlopen(f"http://127.0.0.1:{port}/customers", timeout=5).close()
        time.sleep(0.05)


def hits_of(project: Path, status: ProbeStatus, count: int) -> tuple[Hit, ...]:
    """The hits of a probe, at least so many, and then it is removed."""
    probe_id = status.probe.id
    until(
        lambda: len(probes.follow(probe_id, after=0, wait=1.0, root=project).hits) >= count,
        f"a hit at {status.probe.place}",
    )
    reading = probes.read(status.probe.id, root=project)
    probes.remove(status.probe.id, root=project)
    return reading.hits


def unflagged(project: Path) -> ProbeStatus:
    """The log probe: large amounts without a flag."""
    return probes.create(
        "log",
        line_of(project, "return {"),
        text="amount={amount} {currency} high_value={trade.high_value}",
        condition="amount > 1_000_000 and not trade.high_value",
        hits=3,
        root=project,
    )


def ask(project: Path) -> None:
    """Steps 1 and 2, in the service as it is."""
    say("1. Which large trades have no flag?")
    logged = hits_of(project, unflagged(project), 1)
    for hit in logged:
        say(f"   {hit.text}")
    if not all("JPY high_value=False" in hit.text for hit in logged):
        raise NotFound(f"the trades without a flag are others: {[hit.text for hit in logged]}")
    say("2. What happens where exceptions are swallowed?")
    place = line_of(project, "log.debug(")
    status = probes.create("snapshot", place, condition='trade.currency == "JPY"', hits=3, root=project)
    snapshots = hits_of(project, status, 3)
    for hit in snapshots:
        shown = {name: render(value) for name, value in zip(hit.names, hit.values, strict=True)}
        say(f"   hit {hit.number}: error = {shown['error']}, trade = {shown['trade']}")
        if "RateMissing" not in shown["error"]:
            raise NotFound(f"another exception: {shown['error']}")
    if len(snapshots) != 3:
        raise NotFound(f"{len(snapshots)} hits instead of 3")
    say("   The partner has no rate for JPY; the exception is swallowed, and the flag with it.")


def fix(project: Path) -> None:
    """Step 3."""
    say("3. The fix: a trade that cannot be valued is flagged.")
    path = project / TRADING
    before = path.read_text()
    after = before.replace(
        '        log.debug("no flag: %s", error)\n',
        '        log.warning("no rate, flagged to be safe: %s", error)\n        trade.high_value = True\n',
    )
    if after == before:
        raise NotFound("the line to be fixed is not there")
    path.write_text(after)


def prove(project: Path) -> None:
    """Step 4, in the service with the fix."""
    say("4. And now?")
    still = unflagged(project)
    flagged = probes.create(
        "log",
        line_of(project, "return {"),
        text="amount={amount} {currency} high_value={trade.high_value}",
        condition='currency == "JPY"',
        hits=3,
        root=project,
    )
    for hit in hits_of(project, flagged, 3):
        say(f"   {hit.text}")
        if "high_value=True" not in hit.text:
            raise NotFound(f"a trade is still not flagged: {hit.text}")
    if probes.read(still.probe.id, root=project).hits:
        raise NotFound("some large trade still has no flag")
    probes.remove(still.probe.id, root=project)
    lines, problem = probes.audit(root=project)
    if problem:
        raise NotFound(problem)
    say(f"   No large trade without a flag came meanwhile. {len(lines)} lines of audit say who asked what.")


@contextmanager
def copied() -> Iterator[Path]:
    """The project in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="incident-") as folder:
        project = Path(folder) / "project"
        project.mkdir()
        shutil.copytree(EXAMPLE / "shop", project / "shop", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(EXAMPLE / "pyproject.toml", project)
        yield project


def main() -> int:
    with copied() as project:
        try:
            with running(project):
                ask(project)
            fix(project)
            with running(project):
                prove(project)
        except NotFound as problem:
            print(f"not found: {problem}", file=sys.stderr)
            return 1
    say("found, fixed, and proved")
    return 0


if __name__ == "__main__":
    sys.exit(main())
