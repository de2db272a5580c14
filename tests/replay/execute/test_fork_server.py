"""Fork servers: processes that replay are forked from them, and are as if started anew."""

from __future__ import annotations

import gc
import os
import signal
import sys
import textwrap
import warnings
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Literal

import pytest

from pytest_runtime.recorders.privacy.keys import KEY_VARIABLE
from pytest_runtime.recorders.store.open import open_reader
from pytest_runtime.replay.execute.fork_server import ForkServer, ForkServers, ServerEnded, environment
from pytest_runtime.replay.execute.plan import CannotReplay
from pytest_runtime.replay.execute.process import ReplayerProcess
from pytest_runtime.replay.judge.processes import base_process, plan_of
from pytest_runtime.replay.judge.sealing import seal
from pytest_runtime.testing import Scenario

SHOP = "def name(text):\n    return text"


def said(folder: Path, source: str, *, launch: Literal["spawn", "fork"] = "spawn", hash_seed: int = 0) -> str:
    """What a module says of the process that imports it: the value of its `answer`."""
    scenario = Scenario(folder, {"shop": SHOP}).record(lambda shop: shop.name("a"))
    ending = "\nimport os\nos.write(2, repr(answer).encode())\nos._exit(3)\n"
    scenario.rewrite("shop", textwrap.dedent(source) + ending)
    with closing(open_reader(scenario.store)) as reader:
        plan = plan_of(scenario._setup(), reader, str(folder))
        path = [str(folder), *sys.path]
        process = ReplayerProcess(plan, store=scenario.store, path=path, hash_seed=hash_seed, launch=launch)
        try:
            with pytest.raises(CannotReplay) as raised:
                process.load()
        finally:
            process.stop()
    return str(raised.value).rpartition("ended: ")[2]


@pytest.fixture
def servers() -> Iterator[ForkServers]:
    """Servers of this test's own."""
    made = ForkServers()
    yield made
    made.close()


def forked(servers: ForkServers, hash_seed: int = 0) -> tuple[ForkServer, int]:
    """A process that finds nobody at its pipe, and so ends at once."""
    reading, writing = os.pipe()
    os.close(writing)
    with open(os.devnull, "wb") as nowhere:
        try:
            return servers.fork(hash_seed, reading, nowhere.fileno())
        finally:
            os.close(reading)


def test_nothing_of_the_asking_process_is_in_it(tmp_path: Path) -> None:
    """Neither its modules, nor its arguments."""
    source = "import sys\nanswer = [name for name in ('pytest', 'deepdiff', 'hypothesis') if name in sys.modules]"
    assert "pytest" in sys.modules
    assert said(tmp_path, source) == "[]"
    assert said(tmp_path, "import sys\nanswer = sys.argv") == "['-c']"


def test_it_has_the_hash_seed_that_it_was_asked_with(tmp_path: Path) -> None:
    """A server for each; processes of one are alike."""
    source = "answer = hash('a text')"
    zero, one, again = (said(tmp_path, source, hash_seed=seed) for seed in (0, 1, 0))
    assert zero == again != one


def test_it_leads_a_process_group_of_its_own(tmp_path: Path) -> None:
    """So that it can be ended with all that it forked."""
    assert said(tmp_path, "import os\nanswer = os.getpgrp() == os.getpid()") == "True"


def test_its_variables_are_those_of_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the server was started before one was set."""
    source = "import os\nanswer = os.environ._data.get(b'SHOP_COLOUR')"
    assert said(tmp_path, source) == "None"
    monkeypatch.setenv("SHOP_COLOUR", "red")
    assert said(tmp_path, source) == "b'red'"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_no_key_is_among_its_variables(tmp_path: Path, servers: ForkServers, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor among those that the kernel remembers of the start of its interpreter."""
    monkeypatch.setenv(KEY_VARIABLE, "private")
    source = f"import os\nanswer = os.environ._data.get(b'{KEY_VARIABLE}')"
    assert said(tmp_path, source) == "None"
    server, process = forked(servers)
    server.reap(process)
    at_start = Path(f"/proc/{server._process.pid}/environ").read_bytes()
    assert b"PATH=" in at_start
    assert KEY_VARIABLE.encode() not in at_start


def test_variables_that_are_read_at_the_start_start_another(
    servers: ForkServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others do not."""
    first, process = forked(servers)
    first.reap(process)
    monkeypatch.setenv("SHOP_COLOUR", "red")
    second, process = forked(servers)
    second.reap(process)
    assert second is first
    monkeypatch.setenv("PYTHONUTF8", "1")
    third, process = forked(servers)
    third.reap(process)
    assert third is not first


def test_several_start_at_the_same_time(servers: ForkServers) -> None:
    """Nobody waits for one before the other is started."""
    servers.start(0)
    servers.start(1)
    numbers = [server._process.pid for _environ, server in servers._servers.values()]
    for hash_seed in (0, 1):
        server, process = forked(servers, hash_seed)
        server.reap(process)
        assert server._process.pid == numbers[hash_seed]


def test_one_that_was_killed_is_started_again(servers: ForkServers) -> None:
    """Whoever asks next does not notice."""
    server, process = forked(servers)
    server.reap(process)
    os.kill(server._process.pid, signal.SIGKILL)
    server._process.wait()
    other, process = forked(servers)
    other.reap(process)
    assert other is not server


def test_one_ends_when_nobody_can_ask_it_any_more(servers: ForkServers) -> None:
    """However the process that started it ended."""
    server, process = forked(servers)
    server.reap(process)
    server._control.close()
    assert server._process.wait(60) == 0


def test_one_that_cannot_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    """With its last words."""
    monkeypatch.setattr(sys, "path", [])
    with closing(ForkServer(0, environment())) as server, pytest.raises(ServerEnded, match="No module named"):
        server.fork(0, 1)


def test_a_copy_of_this_process_asks_none_of_its_servers(servers: ForkServers) -> None:
    """Two who ask one would take each other's answers."""
    server, process = forked(servers)
    server.reap(process)
    child = os.fork()
    if not child:
        status = 1
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")  # of what it let go
            other, own = forked(servers)
            other.reap(own)
            status = 0 if other is not server and not warned else 1
        os._exit(status)
    assert os.waitpid(child, 0)[1] == 0


def test_a_copy_of_a_large_process_collects_nothing_of_it(tmp_path: Path) -> None:
    """A collection writes to each object that it looks at, and so would copy all memory that is shared until then."""
    held: list[Any] = [[number] for number in range(1000)]
    frozen = int(said(tmp_path, "import gc\nanswer = gc.get_freeze_count()", launch="fork"))
    assert frozen > gc.get_freeze_count() + len(held)


@pytest.mark.parametrize(("ending", "wanted"), [("", 2), (" + str(random.random())", 3)])
def test_base_has_as_many_processes_as_are_asked(tmp_path: Path, ending: str, wanted: int) -> None:
    """Nobody asks the one that draws otherwise where no trace draws."""
    scenario = Scenario(tmp_path, {"shop": f"import random\n{SHOP}{ending}"}).record(lambda shop: shop.name("a"))
    opened: list[int] = []

    def open_base(seed: int) -> ReplayerProcess:
        opened.append(seed)
        return base_process(scenario._setup(), reader, str(tmp_path), hash_seed=seed)

    sys.path.insert(0, str(tmp_path))
    try:
        with closing(open_reader(scenario.store)) as reader:
            seal(reader, open_base, label="base", digest_of=lambda file: "")
    finally:
        sys.path.remove(str(tmp_path))
    assert len(opened) == wanted
