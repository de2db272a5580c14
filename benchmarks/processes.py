"""The processes of a benchmark: the service with and without the recorder, and what it calls."""

from __future__ import annotations

import http.client
import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import inputs

BENCHMARKS = Path(__file__).resolve().parent
SERVICE = BENCHMARKS / "service"
STOP_SECONDS = 120


class BenchmarkFailed(Exception):
    """Nothing was measured; the message says why."""


@dataclass(frozen=True)
class Mode:
    """How the service runs: without the recorder, or with it and these options."""

    name: str
    sample: Literal["all", "auto"] | float | None
    exemplars: int = 20


BARE = Mode("bare", None)
STEADY = Mode("steady state", "all")
EVERY = Mode("every trace kept", "all", exemplars=1_000_000)
UNSAMPLED = Mode("not sampled", 0.000_001)


@dataclass(frozen=True)
class Counts:
    """What the recorder said at its end."""

    recorded: int
    kept: int
    lost: str
    """What it dropped or failed at; empty for nothing."""


@dataclass(frozen=True)
class Place:
    """A folder for one run: the project file, the baseline and the recorder's last words lie in it."""

    folder: Path
    environment: dict[str, str]

    @property
    def baseline(self) -> Path:
        return self.folder / "bench.baseline"

    @property
    def log(self) -> Path:
        return self.folder / "stderr.log"

    def counts(self) -> Counts:
        """Raises `BenchmarkFailed` when the recorder did not come to its end."""
        said = self.log.read_text()
        found = re.search(r"(\d+) traces recorded, (\d+) kept(.*) → ", said)
        if found is None:
            raise BenchmarkFailed(f"the recorder did not say what it recorded: {said[-2000:]}")
        lost = ", ".join(re.findall(r"(?:dropped|fault)[^,]*", found.group(3).replace("nothing dropped", "")))
        return Counts(int(found.group(1)), int(found.group(2)), lost)


@dataclass(frozen=True)
class World:
    """What all runs of a benchmark share: a scratch folder, a database and the service that is called."""

    folder: Path
    upstream: str

    @property
    def database(self) -> Path:
        return self.folder / "bench.db"

    def place(self, name: str, mode: Mode) -> Place:
        """A new place for a run in this mode."""
        folder = self.folder / name.replace(" ", "-")
        folder.mkdir()
        sample = json.dumps(mode.sample)
        (folder / "pyproject.toml").write_text(
            '[tool.pytest-runtime]\ninclude = ["benchservice"]\napp = "benchservice.web:app"\n'
            f"sample = {sample}\nexemplars = {mode.exemplars}\n"
        )
        path = os.pathsep.join(filter(None, [str(SERVICE), os.environ.get("PYTHONPATH")]))
        given = {"PYTHONPATH": path, "BENCH_DATABASE": str(self.database), "BENCH_UPSTREAM": self.upstream}
        given["PYTHONHASHSEED"] = "0"  # one reason less why two processes differ
        return Place(folder, {**os.environ, **given})


@contextmanager
def world() -> Iterator[World]:
    """A scratch folder with the database, and the called service running."""
    with tempfile.TemporaryDirectory(prefix="pytest-runtime-bench-") as folder:
        command = [sys.executable, str(SERVICE / "upstream.py")]
        with running(subprocess.Popen(command, stdout=subprocess.PIPE, text=True)) as process:
            shared = World(Path(folder), first_line(process))
            make_database(shared.database)
            yield shared


def make_database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE article (name TEXT PRIMARY KEY, cents INTEGER, pieces INTEGER)")
        connection.executemany("INSERT INTO article VALUES (?, ?, ?)", inputs.ARTICLES)


def command(mode: Mode, place: Place, *arguments: str) -> list[str]:
    """A Python command line, under the recorder unless the mode is bare."""
    python = [sys.executable, *arguments]
    if mode.sample is None:
        return python
    record = [sys.executable, "-m", "pytest_runtime", "record", "--baseline", "bench", "--store", str(place.baseline)]
    return [*record, "--", *python]


def start(mode: Mode, place: Place, *arguments: str, asked: bool = False) -> subprocess.Popen[str]:
    """A process that prints a line when it is ready; `asked` is one that answers lines on stdin."""
    with place.log.open("w") as log:
        return subprocess.Popen(
            command(mode, place, *arguments),
            cwd=place.folder,
            env=place.environment,
            stdin=subprocess.PIPE if asked else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )


@contextmanager
def running(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    """A process, ended in order afterwards: one that is asked ends with its input, any other by SIGTERM."""
    try:
        yield process
    finally:
        if process.stdin is not None:
            process.stdin.close()
        else:
            process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def first_line(process: subprocess.Popen[str]) -> str:
    """What a process says when it is ready."""
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    if not line:
        raise BenchmarkFailed(f"{process.args!r} ended with {process.wait()} before it was ready")
    return line


@contextmanager
def serving(mode: Mode, place: Place) -> Iterator[Client]:
    """The service behind waitress, and a client of it."""
    with running(start(mode, place, "-m", "benchservice")) as process:
        try:
            client = Client(first_line(process), process.pid)
        except BenchmarkFailed as failed:
            raise BenchmarkFailed(f"{failed}: {place.log.read_text()[-2000:]}") from failed
        with closing(client):
            yield client


class Client:
    """Sends requests to one service over one connection."""

    def __init__(self, url: str, pid: int) -> None:
        self.pid = pid
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc)

    def send(self, requests: Iterable[inputs.Request]) -> None:
        """Raises `BenchmarkFailed` on an answer that no request of `inputs` leads to."""
        for request in requests:
            self._connection.request(request.method, request.target, request.body, request.headers)
            answer = self._connection.getresponse()
            answer.read()
            if answer.status not in (200, 201, 409):
                raise BenchmarkFailed(f"{request} was answered with {answer.status}")

    def close(self) -> None:
        self._connection.close()
