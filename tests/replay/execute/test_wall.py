"""The wall: what code under test does to the world, in C or in Python, does not happen, and is named."""

from __future__ import annotations

import os
import socket
import struct
import sys
import tempfile
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_runtime.replay.execute import enclosure, known_drivers, seccomp, trap
from pytest_runtime.replay.execute.syscalls import Machine, number_of, rules
from pytest_runtime.replay.execute.wall import NO_WALL
from pytest_runtime.replay.model.verdict import TraceVerdict
from pytest_runtime.testing import Scenario

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the wall is made of seccomp and Landlock")

PLAIN = """
    import contextvars
    import ctypes
    import os
    import socket
    import sqlite3
    import subprocess
    import sys
    import threading

    def c(name, *args):
        return getattr(ctypes.CDLL(None), name)(*args)

    def address(port):
        return b"\\x02\\x00" + port.to_bytes(2, "big") + bytes([127, 0, 0, 1]) + bytes(8)
    """

NAMED = {
    "context_connect": (
        'contextvars.Context().run(socket.create_connection, ("127.0.0.1", PORT))',
        "refused socket.getaddrinfo",
    ),
    "libc_connect": ("c('connect', c('socket', 2, 1, 0), address(PORT), 16)", "refused connect(2)"),
    "libc_datagram": ("c('sendto', c('socket', 2, 2, 0), b'x', 1, 0, address(PORT), 16)", "refused socket(2)"),
    "unix_socket": ("c('socket', 1, 1, 0)", "refused socket(2)"),
    "fork_exec": (
        "import _posixsubprocess\n"
        "end = os.pipe()[1]\n"
        "_posixsubprocess.fork_exec([b'touch', OUTSIDE.encode()], [b'/usr/bin/touch'], True, (end,), None, None, "
        "-1, -1, -1, -1, -1, -1, -1, end, True, False, -1, None, None, None, -1, None"
        + (", True)" if sys.version_info < (3, 14) else ")"),
        "refused _posixsubprocess.fork_exec",
    ),
    "spawned": (
        "import multiprocessing\nmultiprocessing.get_context('spawn').Process(target=print).start()",
        "refused",
    ),
    "fifo": ("os.mkfifo(OUTSIDE)", "refused mknod"),
    "attribute": ("os.setxattr(KEPT, 'user.a', b'1')", "refused os.setxattr"),
    "attribute_in_c": ("c('setxattr', KEPT.encode(), b'user.a', b'1', 1, 0)", "refused setxattr(2)"),
    "priority": ("os.setpriority(os.PRIO_PROCESS, os.getppid(), 19)", "refused setpriority(2)"),
    "limits": ("import resource\nresource.prlimit(os.getppid(), resource.RLIMIT_NOFILE, (64, 64))", "refused"),
    "group": ("os.killpg(os.getpgid(0), 9)", "refused os.killpg"),
    "group_in_c": ("c('killpg', os.getpgid(0), 9)", "refused kill(2)"),
    "parent_in_c": ("c('kill', os.getppid(), 9)", "refused kill(2)"),
    "session": ("os.setsid()", "refused setsid(2)"),
    "through_pidfd": (
        "import signal\nsignal.pidfd_send_signal(os.pidfd_open(os.getppid()), 9)",
        "refused pidfd_send_signal(2)",
    ),
}
"""Name → (what the candidate does, what its reason says)."""

SILENT = {
    "context_open": 'contextvars.Context().run(open, OUTSIDE, "w").close()',
    "database": "sqlite3.connect(OUTSIDE)",
    "creat": "c('creat', OUTSIDE.encode(), 0o600)",
    "system": "c('system', b'touch ' + OUTSIDE.encode())",
    "libc_fork": "child = c('fork')\nif child == 0:\n    c('kill', os.getppid(), 9)\n    os._exit(0)",
    "attached": "sqlite3.connect(':memory:').execute('attach ? as other', (OUTSIDE,))",
    "chmod": "c('chmod', KEPT.encode(), 0)",
    "rename": "c('rename', KEPT.encode(), OUTSIDE.encode())",
    "memory_of_others": "fd = c('open', f'/proc/{os.getppid()}/mem'.encode(), 2)\nassert fd < 0",
    "vacuum": (
        "db = sqlite3.Connection(':memory:')\ndb.execute('create table t(i)')\ndb.execute(f\"vacuum into '{OUTSIDE}'\")"
    ),
    "swallowed": "try:\n    contextvars.Context().run(open, OUTSIDE, 'w')\nexcept BaseException:\n    pass",
    "guards": (
        "import gc\n"
        "from pytest_runtime.replay.execute.sandbox import Closed\n"
        "for guard in gc.get_objects():\n"
        "    if type(guard) is Closed:\n"
        "        guard.check = lambda event, args: None\n"
        "open(OUTSIDE, 'w').close()"
    ),
}
"""What may have no name: files and processes of C. It has no effect."""


class World:
    """What a hostile candidate must not reach."""

    def __init__(self, folder: Path) -> None:
        self.outside = folder / "outside"
        self.kept = folder / "kept"
        self.kept.write_text("kept")
        self.kept.chmod(0o640)
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.server.getsockname()[1])
        self.calls = 0
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                self.server.accept()[0].close()
            except OSError:
                return
            self.calls += 1

    def names(self) -> str:
        """Constants of the candidate."""
        return f"PORT, OUTSIDE, KEPT = {self.port}, {str(self.outside)!r}, {str(self.kept)!r}\n"

    def check(self) -> None:
        """Nothing happened."""
        assert not self.outside.exists()
        assert self.kept.read_text() == "kept"
        assert self.kept.stat().st_mode & 0o777 == 0o640
        assert os.listxattr(self.kept) == []
        assert os.getpriority(os.PRIO_PROCESS, 0) < 19
        assert self.calls == 0


@pytest.fixture
def world() -> Iterator[World]:
    """A listener, a file, and a place where there is none; afterwards all is as it was. The names are short, so that
    reports show them whole."""
    with tempfile.TemporaryDirectory(prefix="") as name:
        found = World(Path(name))
        yield found
        found.check()
        found.server.close()


def judged(folder: Path, world: World, bodies: dict[str, str]) -> dict[str, TraceVerdict]:
    """Verdict of each body as the candidate of a function that gave back its argument."""
    folder = folder / "shop"
    folder.mkdir()
    same = "\n".join(f"def {name}(x):\n    return x\n" for name in bodies)
    scenario = Scenario(folder, {"plain": textwrap.dedent(PLAIN) + same})
    scenario.record(lambda plain: [getattr(plain, name)(1) for name in bodies])
    hostile = "\n".join(
        f"def {name}(x):\n{textwrap.indent(body, '    ')}\n    return x\n" for name, body in bodies.items()
    )
    scenario.rewrite("plain", textwrap.dedent(PLAIN) + world.names() + hostile)
    replayed = scenario.judge()
    return {one.entry.rpartition(":")[2]: trace for one in replayed.classes for trace in one.traces}


def test_what_leaves_is_refused_and_named_with_the_users_line(tmp_path: Path, world: World) -> None:
    """In whatever context, by whatever door of Python or C: a divergence that has the call and the line."""
    verdicts = judged(tmp_path, world, {name: body for name, (body, _reason) in NAMED.items()})
    said = {name: "".join(one.candidate_text for one in verdict.differences) for name, verdict in verdicts.items()}
    wrong = {
        name: (verdicts[name].verdict, said[name])
        for name, (_body, reason) in NAMED.items()
        if verdicts[name].verdict != "diverged" or reason not in said[name] or " at plain_" not in said[name]
    }
    assert wrong == {}


def test_what_code_in_c_does_to_files_and_processes_does_not_happen(tmp_path: Path, world: World) -> None:
    """Where nobody tells the line, there is no effect either, and a verdict of its own for each."""
    verdicts = judged(tmp_path, world, SILENT)
    assert verdicts.keys() == SILENT.keys()
    assert verdicts["swallowed"].verdict == "diverged", "Python's own doors have a name, whatever is caught"
    assert {verdict.verdict for verdict in verdicts.values()} <= {"same", "diverged", "not judged", "crashed"}


def test_the_wall_is_whole_here(tmp_path: Path) -> None:
    """Its value says what is missing; on this system nothing is."""
    scenario = Scenario(tmp_path, {"plain": "def work(x):\n    return x"}).record(lambda plain: plain.work(1))
    with scenario.loaded() as process:
        assert process.loaded.wall == ""


def test_code_that_is_imported_is_behind_the_wall(tmp_path: Path, world: World) -> None:
    """A connection in C at import fails, as does a file; the rest of the module is there."""
    folder = tmp_path / "shop"
    folder.mkdir()
    scenario = Scenario(folder, {"plain": "def work(x):\n    return x"}).record(lambda plain: plain.work(1))
    hostile = (
        "assert c('connect', c('socket', 2, 1, 0), address(PORT), 16) == -1\nc('creat', OUTSIDE.encode(), 0o600)\n"
    )
    own = "def work(x):\n    return x\n"
    scenario.rewrite("plain", textwrap.dedent(PLAIN) + world.names() + hostile + own)
    assert scenario.judge(everything=True).counts == {"same": 1}


def test_threads_and_pairs_of_sockets_work(tmp_path: Path, world: World) -> None:
    """A service may compute with threads and an event loop."""
    body = "import asyncio\nseen = []\nthread = threading.Thread(target=seen.append, args=(x,))\nthread.start()\n"
    body += "thread.join()\nx = asyncio.run(asyncio.sleep(0, seen[0]))"
    assert judged(tmp_path, world, {"threads": body})["threads"].verdict == "same"


def test_locks_of_multiprocessing_work_within_the_process(tmp_path: Path, world: World) -> None:
    """A module may make them; real ones would lie where files of others lie."""
    body = (
        "import multiprocessing\n"
        "lock, again, queue = multiprocessing.Lock(), multiprocessing.RLock(), multiprocessing.Queue()\n"
        "with lock, again, again:\n"
        "    assert not lock.acquire(block=False)\n"
        "    threading.Thread(target=again.acquire, kwargs={'block': False}).start()\n"
        "assert lock.acquire(timeout=1)\n"
        "event = multiprocessing.Event()\n"
        "event.set()\n"
        "assert event.wait(1)"
    )
    assert judged(tmp_path, world, {"locks": body})["locks"].verdict == "same"


def test_known_drivers_are_refused_by_name_where_there_is_no_wall(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what is missing is told."""
    monkeypatch.setattr(enclosure, "raise_wall", lambda writable, refused: NO_WALL)
    monkeypatch.setitem(known_drivers.KNOWN, "driver_in_c", ("connect", "Client.connect", "Session", "gone"))
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "driver_in_c.py").write_text(
        "def connect(where):\n    return 1\n\n"
        "class Client:\n    connect = classmethod(connect)\n\n"
        "class Session:\n    pass\n"
    )
    plain = "def work(x):\n    return x\n\ndef method(x):\n    return x\n\ndef made(x):\n    return x\n"
    scenario = Scenario(tmp_path / "p", {"plain": plain})
    scenario.record(lambda plain: [plain.work(1), plain.method(1), plain.made(1)])
    for name, call in (("work", "connect('x')"), ("method", "Client.connect()"), ("made", "Session()")):
        scenario.change("plain", f"def {name}(x):", f"def {name}(x):\n    import driver_in_c as d\n    d.{call}")
    judged = scenario.judge(launch="fork")  # copies of this process, with what was put in place here
    said = {one.candidate_text for trace in judged.traces for one in trace.differences}
    assert {one.partition(" at ")[0].strip("\"'") for one in said} == {
        "refused driver_in_c.connect",
        "refused driver_in_c.Client.connect",
        "refused driver_in_c.Session",
    }
    with scenario.loaded(launch="fork") as process:
        assert "the network, other processes, files" in process.loaded.wall


def test_a_bomb_of_memory_ends_with_a_reason(tmp_path: Path, world: World) -> None:
    """It is stopped by a limit and not by the machine."""
    verdict = judged(tmp_path, world, {"bomb": "x = [bytes(1 << 30) for _part in range(x * 4000)]"})["bomb"]
    assert verdict.verdict == "crashed"
    assert "more memory than the" in verdict.reason


def test_a_tool_that_a_trace_takes_away_costs_its_own_trace(tmp_path: Path, world: World) -> None:
    """The process is dropped, and the others are judged in another one."""
    take = "for tool in range(6):\n    if sys.monitoring.get_tool(tool):\n        sys.monitoring.free_tool_id(tool)"
    if sys.version_info < (3, 12):
        pytest.skip("there is no sys.monitoring")
    bodies = {"first": "x = 1 * x", "thief": take, "later": "x = x * 1", "last": "x = x + 0"}
    verdicts = judged(tmp_path, world, bodies)
    assert {name: one.verdict for name, one in verdicts.items() if name != "thief"} == dict.fromkeys(
        ("first", "later", "last"), "same"
    )


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_a_program_can_be_made_for_each_machine(machine: Machine) -> None:
    """Every jump stays within the program, and every path ends in an answer."""
    wanted = list(rules(own_process=7, forking=False, truncating=True))
    code = seccomp.program(wanted, machine, reporting=True)
    assert len(code) < 4096, "the kernel takes no longer one (BPF_MAXINSNS)"
    for position, (operation, yes, no, _constant) in enumerate(code):
        if operation & 0x07 == 0x05:
            assert position + 1 + max(yes, no) < len(code)
    assert code[-1][0] == 0x06
    assert number_of("fork", "aarch64") is None


def answer(code: list[seccomp.Instruction], number: int, *arguments: int, machine: Machine = "x86_64") -> int:
    """What a program answers to a system call: it is run here, instruction by instruction."""
    given = struct.pack(
        "=iIQ6Q", number, seccomp.ARCHITECTURES[machine], 0, *(*arguments, *(0,) * (6 - len(arguments)))
    )
    position, register = 0, 0
    while True:
        operation, yes, no, constant = code[position]
        position += 1
        if operation == 0x20:
            register = struct.unpack_from("=I", given, constant)[0]
        elif operation == 0x54:
            register &= constant
        elif operation == 0x06:
            return constant
        else:
            holds = register == constant if operation == 0x15 else register >= constant
            position += yes if holds else no


ALLOWED, TRAPPED, DENIED, UNKNOWN = 0x7FFF0000, 0x00030000, 0x0005000D, 0x00050026
CALLS = [
    ("socket", (2, 1 | 0o2000000), ALLOWED),
    ("socket", (2, 2), TRAPPED),
    ("socket", (16, 3), TRAPPED),
    ("socketpair", (1, 1), ALLOWED),
    ("socketpair", (1, 2), TRAPPED),
    ("sendto", (3, 0, 1, 0, 0), ALLOWED),
    ("sendto", (3, 0, 1, 0, 1 << 40), TRAPPED),
    ("sendmsg", (3, 0, 0x20000000), TRAPPED),
    ("clone", (0x10F00 | 0x3D0000,), ALLOWED),
    ("clone", (17,), DENIED),
    ("clone3", (), UNKNOWN),
    ("kill", (7, 9), ALLOWED),
    ("kill", (1, 9), TRAPPED),
    ("kill", (0xFFFFFFFF, 9), TRAPPED),
    ("prlimit64", (0, 7), ALLOWED),
    ("prlimit64", (8, 7), TRAPPED),
    ("setpriority", (0, 0), ALLOWED),
    ("setpriority", (1, 0), TRAPPED),
    ("fcntl", (3, 8), TRAPPED),
    ("fcntl", (3, 4), ALLOWED),
    ("ioctl", (3, 0x5421), ALLOWED),
    ("ioctl", (3, 0x40086602), 0x00050019),
    ("fchmodat", (), 0x00050000),
    ("mknodat", (3, 0, 0o100600), ALLOWED),
    ("mknodat", (3, 0, 0o010600), TRAPPED),
    ("execve", (), DENIED),
    ("io_uring_setup", (), UNKNOWN),
]


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
@pytest.mark.parametrize(("call", "arguments", "expected"), CALLS)
def test_what_a_program_answers(call: str, arguments: tuple[int, ...], expected: int, machine: Machine) -> None:
    """Call by call, on both machines."""
    code = seccomp.program(rules(own_process=7, forking=False, truncating=True), machine, reporting=True)
    number = number_of(call, machine)
    assert number is not None
    assert answer(code, number, *arguments, machine=machine) == expected


def test_calls_that_nobody_knows_are_not_there() -> None:
    """What a later kernel brings, and the numbers of x32."""
    code = seccomp.program(rules(own_process=7, forking=True, truncating=True), "x86_64", reporting=False)
    assert answer(code, 463) == answer(code, 0x40000000 + 41) == UNKNOWN
    assert answer(code, 41, 2, 2) == DENIED
    assert answer(code, 56, 17) == ALLOWED, "the process that loads the code forks"
    assert answer(code, 0, machine="aarch64") == 0x80000000, "another way of calling ends the process"


def test_the_instructions_in_front_of_pythons_handler() -> None:
    """As an assembler writes them."""
    intel = trap.trampoline("x86_64", 0x1122334455667788, 0x99AABBCCDDEEFF00)
    assert intel.hex() == ("f30f1efa8b461848b98877665544332211890148c78290000000f3ffffff48b800ffeeddccbbaa99ffe0")
    arm = trap.trampoline("aarch64", 1, 2)
    assert struct.unpack("<8I", arm[:32])[4] == 0x92800183
    assert struct.unpack("<QQ", arm[32:]) == (1, 2)
