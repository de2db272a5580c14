"""Processes: every one below the recorded command records, however it came to be, and none counts for another."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from pytest_runtime.recorders.session.governor import WARM_UP, Governor
from pytest_runtime.recorders.session.lost import count_lost, left_behind
from pytest_runtime.recorders.session.pending import LOST, Pending
from pytest_runtime.recorders.session.tallies import Tallies
from pytest_runtime.recorders.store.open import open_reader
from pytest_runtime.recorders.store.processes import RECORDED, Process

from ..probes.live import until

ROOT = str(Path(__file__).resolve().parents[3])
SHOP = """
    import os


    def price(amount):
        return "odd" if amount % 2 else amount * 2


    def fork_and_wait():
        pid = os.fork()
        if pid:
            os.waitpid(pid, 0)
        return pid


    def app(environ, start_response):
        body = str(os.getpid()).encode()
        start_response("200 OK", [("Content-Length", str(len(body)))])
        return [body]
    """


def project(folder: Path, script: str = "", sample: str = '"all"') -> Path:
    """A folder with a package, its configuration and a script."""
    (folder / "shop.py").write_text(textwrap.dedent(SHOP))
    (folder / "pyproject.toml").write_text(
        f'[tool.pytest-runtime]\nsample = {sample}\ninclude = ["shop"]\napp = "shop:app"\n'
    )
    (folder / "script.py").write_text(textwrap.dedent(script))
    return folder


def recorder(folder: Path, *command: str) -> subprocess.Popen[str]:
    """A command under the recorder, in a process group of its own."""
    path = os.pathsep.join([ROOT, str(folder)])
    return subprocess.Popen(
        [sys.executable, "-m", "pytest_runtime", "record", "--baseline", "x", "--", *command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        process_group=0,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs ignore it
    )


def run(folder: Path, *command: str) -> str:
    """What is said of a command that ends well."""
    with recorder(folder, *command) as process:
        try:
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 0, out + err
    return err


def processes(folder: Path) -> list[Process]:
    """Those that recorded something; the baseline is one file."""
    place = folder / ".runtime"
    assert sorted(path.name for path in place.glob("x.*")) == ["x.baseline"]
    with closing(open_reader(str(place / "x.baseline"))) as reader:
        return [process for process in reader.processes().values() if process.total(RECORDED)]


def counts(folder: Path) -> dict[str, int]:
    """Entry → traces; no class keeps more than its exemplars."""
    found: dict[str, int] = {}
    with closing(open_reader(str(folder / ".runtime" / "x.baseline"))) as reader:
        for stored in reader.classes():
            found[stored.entry] = found.get(stored.entry, 0) + stored.count
            assert len(stored.kept) == min(stored.count, 20)
            assert len(set(stored.kept.values())) == len(stored.kept)
        assert all(trace.trace is not None for trace in reader.traces())
    return found


FORKS = """
    import os, sys, threading
    import shop
    for number in range(10):
        shop.price(number)
    children = []
    for child in range(4):
        pid = os.fork()
        if not pid:
            for number in range(25):
                shop.price(100 * child + number)
            if child % 2:
                os._exit(0)
            sys.exit(0)
        children.append(pid)
    for pid in children:
        os.waitpid(pid, 0)
    shop.price(7)
    """
THREADS = """
    import os, threading
    import shop
    ready, go_on = threading.Event(), threading.Event()
    def work():
        for number in range(50):
            shop.price(number)
            if number == 20:
                ready.set()
                go_on.wait(10)
    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    ready.wait(10)
    pid = os.fork()
    if not pid:
        for number in range(30):
            shop.price(number)
        os._exit(0)
    go_on.set()
    os.waitpid(pid, 0)
    for thread in threads:
        thread.join()
    """
POOL = """
    import multiprocessing, sys
    import shop
    if __name__ == "__main__":
        with multiprocessing.get_context(sys.argv[1]).Pool(2) as pool:
            pool.map(shop.price, range(60), chunksize=10)
            pool.close()
            pool.join()
    """
FUTURES = """
    import concurrent.futures
    import shop
    if __name__ == "__main__":
        with concurrent.futures.ProcessPoolExecutor(2) as pool:
            list(pool.map(shop.price, range(60)))
    """
COMMANDS = """
    import os, subprocess, sys
    import shop
    if len(sys.argv) > 1:
        for number in range(10):
            shop.price(number)
    else:
        again = [sys.executable, "script.py", "again"]
        subprocess.run(again, check=True)
        subprocess.run(again, check=True, env={"PATH": os.environ["PATH"], "PYTHONPATH": os.environ["PYTHONPATH"]})
        subprocess.run(" ".join(again), check=True, shell=True)
        os.environ["PYTHONPATH"] = os.environ["PYTHONPATH"] + os.pathsep + "elsewhere"
        subprocess.run(again, check=True)
        assert os.system(" ".join(again)) == 0
        subprocess.run([sys.executable, "-m", "script", "again"], check=True)
        assert not [name for name in os.environ if "RUNTIME" in name], os.environ
        shop.price(1)
        os.execv(again[0], again)
    """


@pytest.mark.parametrize(
    ("script", "arguments", "traces"),
    [
        pytest.param(FORKS, (), 111, id="os.fork"),
        pytest.param(THREADS, (), 180, id="threads"),
        pytest.param(POOL, ("fork",), 60, id="fork"),
        pytest.param(POOL, ("forkserver",), 60, id="forkserver"),
        pytest.param(POOL, ("spawn",), 60, id="spawn"),
        pytest.param(FUTURES, (), 60, id="futures"),
        pytest.param(COMMANDS, (), 71, id="commands"),
    ],
)
def test_every_process_records(tmp_path: Path, script: str, arguments: tuple[str, ...], traces: int) -> None:
    """However a process came to be and ends, each call is recorded once, by the process that ran it."""
    said = run(project(tmp_path, script), sys.executable, "script.py", *arguments)
    assert sum(counts(tmp_path).values()) == traces, said
    found = processes(tmp_path)
    assert sum(process.total(RECORDED) for process in found) == traces
    assert all(process.ended for process in found)
    assert f"{traces} traces recorded" in said
    assert "nothing dropped" in said
    assert said.count("traces recorded") == 1


def test_installed_in_code_it_records_every_process(tmp_path: Path) -> None:
    """A module that installs the recorder is run again by each spawned child, and records there once."""
    script = """
        import multiprocessing, subprocess, sys
        import pytest_runtime
        pytest_runtime.install("x")
        import shop
        if __name__ == "__main__":
            shop.price(1)
            for method in ("fork", "spawn"):
                with multiprocessing.get_context(method).Pool(2) as pool:
                    pool.map(shop.price, range(20))
                    pool.close()
                    pool.join()
            subprocess.run([sys.executable, "-c", "import shop; shop.price(1)"], check=True)
        """
    path = os.pathsep.join([ROOT, str(project(tmp_path, script))])
    command = [sys.executable, "script.py"]
    environment = {**os.environ, "PYTHONPATH": path}
    ended = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    assert counts(tmp_path) == {"shop:price": 42}
    assert ended.stderr.count("42 traces recorded in") == 1


def test_a_forked_process_counts_from_nothing() -> None:
    """What its parent had counted, written or not, named or not, is the parent's alone."""
    tallies = Tallies(str)
    for _run in range(3):
        tallies.unsampled.add("early")
        tallies.unsampled.add(("key", 1))
    tallies.counters.add("dropped: x", 2)
    tallies.note([("not entered", "shop")])
    tallies.begin_anew()
    assert not tallies.has_news()
    assert tallies.due(at_end=True, beside_traces=True) == (Counter(), Counter())
    tallies.unsampled.name(("key", 1), "GET /")
    tallies.unsampled.add(("key", 1))
    tallies.counters.add("dropped: x")
    assert tallies.counts() == {"dropped: x": 1, "not sampled": 1}
    assert tallies.due(at_end=True, beside_traces=True) == (tallies.counts(), {("not sampled", "GET /"): 1})


def test_a_forked_process_has_the_budget_of_its_own_cpu() -> None:
    """Its clock begins anew; what its parent left of the allowance is all that it has beside the share."""
    cpu, now = [100.0], [0.0]
    governor = Governor(0.02, cpu=lambda: cpu[0], now=lambda: now[0])
    governor.serve()
    governor.spent(WARM_UP - 0.5)
    cpu[0] = 0.0
    governor.begin_anew()
    assert governor.usage().recorder == 0.0
    assert governor.may_open(novel=True)
    governor.spent(0.6)
    now[0] += 1
    assert not governor.may_open(novel=True)
    cpu[0], now[0] = 30.0, 2.0
    assert governor.may_open(novel=True)


def test_a_shell_leads_to_every_process(tmp_path: Path) -> None:
    """Below a program that is not Python each Python process records and reports; the last one reports of all."""
    command = f"{sys.executable} script.py again"
    said = run(project(tmp_path, COMMANDS), "sh", "-c", f"{command}; {command}")
    assert counts(tmp_path) == {"shop:price": 20}
    assert "20 traces recorded in 2 processes" in said


def test_a_trace_that_is_open_at_a_fork_is_the_parents(tmp_path: Path) -> None:
    """The child goes on inside the call, and returns from it: that is no trace. What it calls afterwards is one."""
    script = "import shop\nchild = not shop.fork_and_wait()\nif child: shop.price(1)"
    run(project(tmp_path, script), sys.executable, "script.py")
    assert counts(tmp_path) == {"shop:fork_and_wait": 1, "shop:price": 1}
    assert len(processes(tmp_path)) == 2


def test_a_child_that_runs_nothing_included_leaves_nothing(tmp_path: Path) -> None:
    """It is not known to the baseline, and opened no file."""
    script = """
        import os
        import shop
        shop.price(1)
        if not os.fork():
            names = [os.path.realpath(f"/proc/self/fd/{number}") for number in range(3, 100)]
            os._exit(any("baseline" in name for name in names))
        assert os.wait()[1] == 0
        """
    run(project(tmp_path, script), sys.executable, "script.py")
    assert len(processes(tmp_path)) == 1


def test_a_killed_process_is_named_and_what_it_had_not_written_is_counted(tmp_path: Path) -> None:
    """SIGKILL in the middle: all traces are in the baseline, or counted as lost."""
    script = """
        import os, signal, time
        import shop
        pid = os.fork()
        if not pid:
            for number in range(300):
                shop.price(number)
                if number == 200:
                    time.sleep(0.5)
            os.kill(os.getpid(), signal.SIGKILL)
        os.waitpid(pid, 0)
        pid = os.fork()
        if not pid:
            shop.price(1)
            os.kill(os.getpid(), signal.SIGKILL)
        os.waitpid(pid, 0)
        """
    said = run(project(tmp_path, script), sys.executable, "script.py")
    with closing(open_reader(str(tmp_path / ".runtime" / "x.baseline"))) as reader:
        lost = reader.counters()[LOST]
    recorded = sum(counts(tmp_path).values())
    assert recorded + lost == 301
    assert recorded >= 201
    assert f"{LOST} {lost}" in said
    [silent] = [process for process in processes(tmp_path) if not process.ended]
    assert f"ended without a word: process {silent.pid} ({os.path.basename(sys.executable)} script.py)" in said


def test_what_a_killed_process_accepted_is_counted_once(tmp_path: Path) -> None:
    """Of several that look for it, one counts."""
    location = str(tmp_path / "x.baseline")
    pid = os.fork()
    if not pid:
        Pending(location, "run").tell(7)
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(pid, 0)
    ours = Pending(location, "run")
    ours.tell(3)
    assert [(left.run, left.pid, left.accepted) for left in left_behind(location)] == [("run", pid, 7)]
    known = Process("run", pid, "x", 0.0, False, {"e": {"recorded": 2}, "": {"dropped: x": 1, "fault: y": 1}})
    assert [count_lost(location, [known]) for _look in range(2)] == [4, 0]
    ours.end()
    assert not list(tmp_path.iterdir())


# --- servers ---------------------------------------------------------------------------------------------------------


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def get(port: int, path: str) -> int:
    """The id of the process that answers."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request("GET", path)
        return int(connection.getresponse().read())


@contextmanager
def serving(folder: Path, port: int, *command: str) -> Iterator[subprocess.Popen[str]]:
    """A recorded server that answers; killed with its workers where the test did not end it."""
    process = recorder(folder, *command)
    try:
        end = time.monotonic() + 30
        while True:
            try:
                get(port, "/up")
                break
            except OSError:
                assert time.monotonic() < end
                assert process.poll() is None, process.communicate()
                time.sleep(0.05)
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.mark.parametrize("options", [(), ("--threads", "2"), ("--preload",)], ids=["sync", "gthread", "preload"])
def test_gunicorn_records_in_its_workers(tmp_path: Path, options: tuple[str, ...]) -> None:
    """Two workers, reloaded under traffic, one killed: each answer is recorded once, and the end comes in time."""
    pytest.importorskip("gunicorn")
    port = free_port()
    gunicorn = [sys.executable, "-m", "gunicorn", "-w", "2", "-b", f"127.0.0.1:{port}", *options, "shop:app"]
    answered = 1
    with serving(project(tmp_path), port, *gunicorn) as process:
        first = [get(port, "/traffic") for _more in range(20)]
        process.send_signal(signal.SIGHUP)
        for _more in range(40):
            get(port, "/traffic")
        answered += 60 + _until_another(port, *first)
        until(lambda: _recorded(tmp_path) == answered)
        os.kill(get(port, "/last"), signal.SIGKILL)
        answered += 1
        for _more in range(20):
            get(port, "/traffic")
            answered += 1
        began = time.monotonic()
        process.terminate()
        _out, said = process.communicate(timeout=20)
        assert time.monotonic() - began < 3.0
    assert process.returncode == 0, said
    with closing(open_reader(str(tmp_path / ".runtime" / "x.baseline"))) as reader:
        lost = reader.counters().get(LOST, 0)
    assert sum(counts(tmp_path).values()) + lost == answered, said
    assert lost <= 1, said
    assert len(processes(tmp_path)) >= 2
    assert "ended without a word" in said


DJANGO = {
    "manage.py": """
        import os, sys
        from django.core.management import execute_from_command_line
        os.environ["DJANGO_SETTINGS_MODULE"] = "site_settings"
        execute_from_command_line(sys.argv)
        """,
    "site_settings.py": """
        DEBUG = True
        SECRET_KEY = "x"
        ALLOWED_HOSTS = ["*"]
        ROOT_URLCONF = "shop"
        """,
    "shop.py": """
        import os
        from django.http import HttpResponse
        from django.urls import path
        urlpatterns = [path("<path:rest>", lambda request, rest: HttpResponse(str(os.getpid())))]
        """,
}
FLASK = {
    "shop.py": """
        import os
        import flask
        app = flask.Flask(__name__)
        @app.get("/<path:rest>")
        def answer(rest):
            return str(os.getpid()) if rest else ""
        """,
    # As `flask run --debug`, and looks at files by itself where watchdog would watch the whole path.
    "serve.py": """
        import sys
        import shop
        shop.app.run(port=int(sys.argv[1]), debug=True, reloader_type="stat")
        """,
}


@pytest.mark.parametrize(
    ("library", "files", "command"),
    [("flask", FLASK, ("serve.py",)), ("django", DJANGO, ("manage.py", "runserver"))],
    ids=["flask", "django"],
)
def test_a_reloader_records_what_it_starts(
    tmp_path: Path, library: str, files: dict[str, str], command: tuple[str, ...]
) -> None:
    """The service runs in a child; an edit starts another one; Ctrl-C ends both. Each answer is recorded once."""
    pytest.importorskip(library)
    port = free_port()
    project(tmp_path)
    for name, text in files.items():
        (tmp_path / name).write_text(textwrap.dedent(text))
    answered = 1
    with serving(tmp_path, port, sys.executable, *command, str(port)) as process:
        first = get(port, "/before")
        time.sleep(1.1)  # reloaders look once a second, and file systems may count in seconds
        edited = "# an edit, from which everything moves down\n" + (tmp_path / "shop.py").read_text()
        (tmp_path / "shop.py").write_text(edited)
        _until_gone(first)  # its threads answer until the very end, when nobody records any more
        answered += 1 + _until_another(port, first)
        for _more in range(20):
            get(port, "/after")
            answered += 1
        time.sleep(0.3)
        os.killpg(process.pid, signal.SIGINT)
        _out, said = process.communicate(timeout=20)
    assert sum(counts(tmp_path).values()) == answered, said
    assert "nothing dropped" in said
    assert len(processes(tmp_path)) == 2


def _recorded(folder: Path) -> int:
    """Traces that are in the baseline by now."""
    with closing(open_reader(str(folder / ".runtime" / "x.baseline"))) as reader:
        return sum(stored.count for stored in reader.classes())


def _until_gone(pid: int) -> None:
    """Wait until a process is no more, and its parent knows."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    raise AssertionError(f"process {pid} goes on")


def _until_another(port: int, *known: int) -> int:
    """Wait until another process answers than those that are known; how many answers it took."""
    end = time.monotonic() + 20
    answered = 0
    while True:
        assert time.monotonic() < end
        try:
            pid = get(port, "/waiting")
        except (OSError, http.client.HTTPException):
            time.sleep(0.05)
            continue
        answered += 1
        if pid not in known:
            return answered
        time.sleep(0.1)
