"""What recording costs a server of four processes: CPU and latency added, and the time from SIGTERM to the end.

gunicorn serves with four workers: bare, recorded as by default, and recorded in full. All three run side by side, and
get the same requests by turns. CPU time is that of the arbiter and its workers together, with the recorders' threads,
until they are at rest again. Each recorded request is counted: one that was lost or counted twice fails the run.
"""

from __future__ import annotations

import http.client
import re
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path

import cpu
import inputs
from figures import Figure, arguments, over_rounds, report
from processes import BARE, BenchmarkFailed, Mode, World, start, world

DEFAULT = Mode("default", "auto")
ALL = Mode("all sampled", "all")
SIDES = (BARE, DEFAULT, ALL)
WORKERS = 4
ROUNDS = 9
WARM_UP = 800
PER_ROUND = 400
END_BAR = 3.0


@dataclass
class Server:
    """gunicorn in one mode."""

    mode: Mode
    port: int
    process: subprocess.Popen[str]
    log: Path
    requests: Iterator[inputs.Request] = field(default_factory=lambda: cycle(inputs.ROUTES["order"]))
    sent: int = 0

    def cpu(self) -> float:
        """Seconds that the arbiter and its workers used."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return sum(cpu.of_process(pid) for pid in (self.process.pid, *map(int, children)))

    def send(self, count: int) -> list[float]:
        """Seconds that each of some requests took; one connection each, as the workers close them."""
        took = []
        for request in islice(self.requests, count):
            began = time.perf_counter()
            connection = http.client.HTTPConnection("127.0.0.1", self.port)
            connection.request(request.method, request.target, request.body, request.headers)
            answer = connection.getresponse()
            answer.read()
            connection.close()
            took.append(time.perf_counter() - began)
            if answer.status not in (200, 201, 409):
                raise BenchmarkFailed(f"{request} was answered with {answer.status}")
        self.sent += count
        return took

    def end(self) -> float:
        """Seconds from SIGTERM to the end."""
        began = time.perf_counter()
        self.process.terminate()
        self.process.wait(60)
        return time.perf_counter() - began

    def check(self) -> str:
        """What the recorder said; raises `BenchmarkFailed` where a request is missing, or counted twice."""
        said = self.log.read_text()
        found = re.search(r"(\d+) traces recorded.*", said)
        if found is None:
            raise BenchmarkFailed(f"the recorder did not say what it recorded: {said[-2000:]}")
        left_out = sum(map(int, re.findall(r"(\d+) or more not sampled", said)))
        if int(found.group(1)) + left_out != self.sent or "nothing dropped" not in said:
            raise BenchmarkFailed(f"{self.sent} requests were sent: {found.group()}")
        return found.group()


@contextmanager
def serving(mode: Mode, shared: World) -> Iterator[Server]:
    """gunicorn, once it answers."""
    place = shared.place(mode.name, mode)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    # Only requests are entries, so that each answer is one trace, or one that was not sampled.
    configuration = place.folder / "pyproject.toml"
    configuration.write_text(configuration.read_text() + 'entries = ["wsgi"]\n')
    options = ("-w", str(WORKERS), "-b", f"127.0.0.1:{port}", "--log-level", "warning", "benchservice.web:app")
    process = start(mode, place, "-m", "gunicorn", *options)
    try:
        server = Server(mode, port, process, place.log)
        _await(server)
        yield server
    finally:
        if process.poll() is None:
            server.end()


def _await(server: Server) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until and server.process.poll() is None:
        try:
            server.send(1)
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise BenchmarkFailed(f"gunicorn does not answer: {server.log.read_text()[-2000:]}")


def measure(servers: Mapping[Mode, Server], rounds: int) -> tuple[dict[Mode, list[float]], dict[Mode, list[float]]]:
    """CPU seconds per request, one value a round, and the latencies of all requests, by mode."""
    spent: dict[Mode, list[float]] = {mode: [] for mode in servers}
    took: dict[Mode, list[float]] = {mode: [] for mode in servers}
    for server in servers.values():
        server.send(WARM_UP)
    for number in range(rounds):
        for mode in list(servers)[:: -1 if number % 2 else 1]:
            server = servers[mode]
            before = server.cpu()
            took[mode] += server.send(PER_ROUND)
            spent[mode].append((cpu.at_rest(server.cpu) - before) / PER_ROUND)
    return spent, took


def figures_of(
    spent: Mapping[Mode, list[float]], took: Mapping[Mode, list[float]], ends: Mapping[Mode, float]
) -> Iterator[Figure]:
    """Each mode against bare."""
    for mode in (DEFAULT, ALL):
        added = [1000 * (one - bare) for one, bare in zip(spent[mode], spent[BARE], strict=True)]
        yield over_rounds(f"CPU added per request, {mode.name}", added, "ms")
    for mode in SIDES:
        ranked = sorted(1000 * seconds for seconds in took[mode])
        at_99 = ranked[int(0.99 * len(ranked))]
        yield Figure(f"latency, {mode.name}", statistics.median(ranked), "ms", note=f"99 of 100 below {at_99:.2f} ms")
        bar = None if mode is BARE else END_BAR
        yield Figure(f"SIGTERM to the end, {mode.name}", ends[mode], "s", bar=bar)


def main(argv: Sequence[str]) -> int:
    """Measure, print, and say whether the bars are met."""
    parser = arguments("What recording costs a server of four processes.")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args(argv)
    with world() as shared, ExitStack() as stack:
        servers = {mode: stack.enter_context(serving(mode, shared)) for mode in SIDES}
        spent, took = measure(servers, options.rounds)
        for server in servers.values():
            server.send(PER_ROUND)  # so that the end comes while there is something to write
        ends = {mode: server.end() for mode, server in servers.items()}
        for mode in (DEFAULT, ALL):
            sys.stderr.write(f"{mode.name}: {servers[mode].check()}\n")
    return report(list(figures_of(spent, took, ends)), as_json=options.json)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
