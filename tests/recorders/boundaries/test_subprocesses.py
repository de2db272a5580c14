"""The process boundary: commands are recorded, never run again, and compared."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pytest_runtime.testing import Scenario

COMMANDS = """
    import os
    import subprocess
    import sys

    def version(name):
        command = [sys.executable, "-c", f"print('v1', '{name}')"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return done.stdout.split()

    def failing(code):
        try:
            subprocess.check_output(["sh", "-c", f"echo out; echo bad >&2; exit {code}"], stderr=subprocess.STDOUT)
        except subprocess.CalledProcessError as error:
            return error.returncode, error.output
        return None

    def strict(code):
        subprocess.check_call(["sh", "-c", f"exit {code}"])

    def missing(name):
        subprocess.run([name])

    def slow(seconds):
        subprocess.run(["sleep", str(seconds)], timeout=0.01)

    def counted(text, extra):
        return subprocess.run("wc -c; echo $EXTRA", shell=True, input=text.encode(), stdout=subprocess.PIPE,
                              env={**os.environ, "EXTRA": extra}).stdout.split()

    def system(code):
        return os.system(f"exit {code}") >> 8

    def handled(text):
        with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            before = process.poll()
            out, _ = process.communicate(text)
            return before, out, process.returncode, process.wait()

    def stopped(seconds):
        process = subprocess.Popen(["sleep", str(seconds)])
        process.terminate()
        return process.wait()
    """


def commands(shop: Any) -> None:
    """Each once."""
    assert shop.version("shop") == ["v1", "shop"]
    assert shop.failing(3) == (3, b"out\nbad\n")
    for call, error in ((shop.strict, subprocess.CalledProcessError), (shop.slow, subprocess.TimeoutExpired)):
        with pytest.raises(error):
            call(5)
    with pytest.raises(FileNotFoundError):
        shop.missing("no-such-command-here")
    assert shop.counted("abc", "more") == [b"3", b"more"]
    assert shop.system(3) == 3
    assert shop.handled("abc") == (None, "abc", 0, 0)
    assert shop.stopped(20) == -15


def test_commands_replay_and_are_not_run(tmp_path: Path) -> None:
    """Output, status, errors, input, environment, and processes that the program handles itself."""
    replayed = Scenario(tmp_path, {"shop": COMMANDS}).record(commands).judge(everything=True)
    assert (replayed.counts, replayed.reasons) == ({"same": 9}, set())


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("print('v1', '{name}')", "print('v2', '{name}')", "command"),
        ("wc -c; echo $EXTRA", "wc -l; echo $EXTRA", "command"),
        ('"EXTRA": extra', '"EXTRA": extra * 2', "environment"),
        ("input=text.encode()", "input=text.upper().encode()", "input"),
        ("process.communicate(text)", "process.communicate(text + '.')", "input"),
        ("process.terminate()", "process.kill()", "sig"),
        ('os.system(f"exit {code}")', 'os.system(f"exit {code + 1}")', "command"),
    ],
)
def test_a_changed_command_diverges(tmp_path: Path, old: str, new: str, field: str) -> None:
    """At the command; what it would have answered nobody knows."""
    judged = Scenario(tmp_path, {"shop": COMMANDS}).record(commands).change("shop", old, new).judge()
    assert judged.counts["diverged"] == 1
    assert any(field in name for name in judged.fields), judged.fields


def test_another_way_to_say_the_same_is_silent(tmp_path: Path) -> None:
    """`check_output` is `run`."""
    scenario = Scenario(tmp_path, {"shop": COMMANDS}).record(commands)
    old = "done = subprocess.run(command, capture_output=True, text=True, check=True)"
    new = "done = type('Done', (), {'stdout': subprocess.check_output(tuple(command), text=True)})"
    assert scenario.change("shop", old, new).judge().counts == {"same": 1}


AWAITED = """
    import asyncio
    from asyncio.subprocess import PIPE

    async def answer(text):
        process = await asyncio.create_subprocess_exec("cat", stdin=PIPE, stdout=PIPE)
        out, _ = await process.communicate(text.encode())
        return out, process.returncode

    async def status(code):
        process = await asyncio.create_subprocess_shell(f"exit {code}")
        return await process.wait()
    """


@pytest.mark.skipif(sys.version_info < (3, 12), reason="before 3.12 nothing tells that a coroutine goes on")
def test_processes_of_asyncio_replay(tmp_path: Path) -> None:
    """Awaited, and in many tasks at a time."""

    async def traffic(shop: Any) -> None:
        found = await asyncio.gather(*(shop.answer(f"text {number}") for number in range(5)))
        assert found == [(f"text {number}".encode(), 0) for number in range(5)]
        assert await shop.status(3) == 3

    scenario = Scenario(tmp_path, {"shop": AWAITED}).record(lambda shop: asyncio.run(traffic(shop)))
    replayed = scenario.judge(everything=True)
    assert replayed.reasons == set()
    assert set(replayed.counts) == {"same"}
    judged = scenario.change("shop", 'f"exit {code}"', 'f"exit {code} "').judge()
    assert judged.counts == {"diverged": 1}


def test_output_that_is_read_piece_by_piece_is_not_judged(tmp_path: Path) -> None:
    """It is not recorded, and nobody pretends that it was."""
    source = """
        import subprocess

        def lines(text):
            with subprocess.Popen(["echo", text], stdout=subprocess.PIPE, text=True) as process:
                return process.stdout.readlines()
        """
    replayed = Scenario(tmp_path, {"shop": source}).record(lambda shop: shop.lines("a")).judge(everything=True)
    assert replayed.counts == {"not judged": 1}
    assert any("stdout.readlines" in reason for reason in replayed.reasons), replayed.reasons


def test_a_command_that_is_consumed_is_run_as_ever(tmp_path: Path) -> None:
    """An iterator of words, or a path of the service's own: nothing looks at it before the library does."""
    source = """
        import subprocess

        class Own(str):
            looked = 0

            def __eq__(self, other):
                Own.looked += 1
                return str.__eq__(self, other)

            __hash__ = str.__hash__

        def consumed(text):
            done = subprocess.run(iter(["echo", text]), capture_output=True, text=True)
            return done.stdout

        def own(text):
            done = subprocess.run(["cat"], input=Own(text), capture_output=True, text=True)
            return done.stdout, Own.looked
        """

    def traffic(shop: Any) -> None:
        assert shop.consumed("a") == "a\n"
        assert shop.own("b") == ("b", 0)

    Scenario(tmp_path, {"shop": source}).record(traffic)
