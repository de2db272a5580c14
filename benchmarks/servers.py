"""Servers and workers of many processes, each recorded while it works: every run of included code has to be counted.

Celery with its prefork pool (a broker of files), rq with a real Redis (left out, and said so, where there is no
redis-server), uvicorn and hypercorn with two workers. The time from SIGTERM to the end is that of the recorded one next
to that of the bare one, because some take seconds by themselves.
"""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from figures import Figure, arguments, report
from processes import BenchmarkFailed

from pytest_runtime.recorders.session.pending import LOST
from pytest_runtime.recorders.store.open import open_reader

TASKS = 60
END_BAR = 3.0
FILES = {
    "pyproject.toml": '[tool.pytest-runtime]\nsample = "all"\ninclude = ["work"]\n',
    "work.py": """
        def double(number):
            return "odd" if number % 2 else number * 2
        """,
    "tasks.py": """
        import os
        from celery import Celery
        from work import double
        folder = os.environ["FOLDER"]
        app = Celery("tasks", broker="filesystem://", backend=f"file://{folder}")
        app.conf.broker_transport_options = {"data_folder_in": folder, "data_folder_out": folder}
        @app.task
        def work(number):
            return double(number)
        """,
    "web.py": """
        from work import double
        async def app(scope, receive, send):
            if scope["type"] != "http":
                return
            body = str(double(int(scope["path"][1:]))).encode()
            headers = [(b"content-length", str(len(body)).encode())]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": body})
        """,
    "send_celery.py": f"""
        from tasks import work
        for result in [work.delay(number) for number in range({TASKS})]:
            result.get(timeout=60)
        """,
    "send_rq.py": f"""
        import os, time
        from redis import Redis
        from rq import Queue
        queue = Queue(connection=Redis(port=int(os.environ["REDIS"])))
        jobs = [queue.enqueue("work.double", number) for number in range({TASKS})]
        until = time.monotonic() + 60
        while time.monotonic() < until and not all(job.get_status() == "finished" for job in jobs):
            time.sleep(0.05)
        """,
}


@dataclass(frozen=True)
class Case:
    """A server, and how it is given its work."""

    name: str
    command: tuple[str, ...]
    work: Callable[[Path, dict[str, str]], None]


def script(name: str) -> Callable[[Path, dict[str, str]], None]:
    """Work that a script hands out, and waits for."""

    def send(folder: Path, environment: dict[str, str]) -> None:
        subprocess.run([sys.executable, name], cwd=folder, env=environment, check=True, timeout=120)

    return send


def requests(folder: Path, environment: dict[str, str]) -> None:
    """Requests, once the server answers; each number is asked for once."""
    sent, until = 0, time.monotonic() + 30
    while sent < TASKS:
        try:
            with closing(http.client.HTTPConnection("127.0.0.1", int(environment["PORT"]))) as connection:
                connection.request("GET", f"/{sent}")
                connection.getresponse().read()
            sent += 1
        except OSError as error:
            if time.monotonic() > until:
                raise BenchmarkFailed("it does not answer") from error
            time.sleep(0.05)


def free_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


def cases(port: str, redis: str) -> Iterator[Case]:
    """Those that can run here."""
    celery = ("celery", "-A", "tasks", "worker", "-c", "2", "--loglevel", "ERROR")
    yield Case("Celery, prefork", celery, script("send_celery.py"))
    yield Case("Celery, a process for 7 tasks", (*celery, "--max-tasks-per-child", "7"), script("send_celery.py"))
    yield Case("uvicorn, 2 workers", ("uvicorn", "--workers", "2", "--port", port, "web:app"), requests)
    yield Case("hypercorn, 2 workers", ("hypercorn", "-w", "2", "-b", f"127.0.0.1:{port}", "web:app"), requests)
    if shutil.which("redis-server"):
        yield Case("rq", ("rq", "worker", "--url", f"redis://127.0.0.1:{redis}"), script("send_rq.py"))
    else:
        sys.stderr.write("rq is left out: there is no redis-server (Debian: apt-get install redis-server)\n")


def run(case: Case, environment: dict[str, str], *, recorded: bool) -> tuple[float, int, int]:
    """Seconds from SIGTERM to the end, and the runs that were recorded, and that were lost."""
    with tempfile.TemporaryDirectory(prefix="pytest-runtime-bench-") as name:
        folder = Path(name)
        for file, text in FILES.items():
            (folder / file).write_text(textwrap.dedent(text))
        path = os.pathsep.join(filter(None, [name, environment.get("PYTHONPATH")]))
        given = {**environment, "PYTHONPATH": path, "FOLDER": str(folder / "queue")}
        (folder / "queue").mkdir()
        before = [sys.executable, "-m", "pytest_runtime", "record", "--baseline", "x", "--"] if recorded else []
        program = str(Path(sys.executable).with_name(case.command[0]))
        command = [*before, sys.executable, program, *case.command[1:]]
        with (folder / "log").open("w") as log:
            process = subprocess.Popen(command, cwd=folder, env=given, stdout=log, stderr=log)
            try:
                case.work(folder, given)
                began = time.perf_counter()
                process.terminate()
                process.wait(60)
            finally:
                process.kill()
        took = time.perf_counter() - began
        if not recorded:
            return took, 0, 0
        with closing(open_reader(str(folder / ".runtime" / "x.baseline"))) as reader:
            counts = [known.count for known in reader.classes() if known.entry == "work:double"]
            counts = counts or [known.count for known in reader.classes()]
            return took, sum(counts), reader.counters().get(LOST, 0)


@contextmanager
def redis_server(port: str) -> Iterator[None]:
    """A Redis that keeps nothing, where there is one."""
    if not shutil.which("redis-server"):
        yield
        return
    with subprocess.Popen(["redis-server", "--port", port, "--save", ""], stdout=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.terminate()


def main(argv: Sequence[str]) -> int:
    """Run, print, and say whether everything was counted."""
    options = arguments("Every run in servers of many processes is recorded.").parse_args(argv)
    redis = free_port()
    found: list[Figure] = []
    with redis_server(redis):
        for case in cases(port := free_port(), redis):
            environment = {**os.environ, "PORT": port, "REDIS": redis}
            bare, _none, _lost = run(case, environment, recorded=False)
            took, recorded, lost = run(case, environment, recorded=True)
            found.append(Figure(f"{case.name}: runs counted", recorded + lost, "", bar=TASKS, at_least=True))
            found.append(Figure(f"{case.name}: lost", lost, "", bar=0))
            note = f"bare {bare:.2f} s"
            found.append(Figure(f"{case.name}: SIGTERM to the end, added", took - bare, "s", bar=END_BAR, note=note))
    return report(found, as_json=options.json)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
