"""The tutorial: its commands are run in their order, in one shell, and print what it shows."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from doctest import ELLIPSIS, OutputChecker
from pathlib import Path
from typing import NamedTuple

import pytest
from markdown_it import MarkdownIt

pytestmark = pytest.mark.any_python

TUTORIAL = Path(__file__).resolve().parent.parent / "docs" / "tutorial.md"

PORT = "8000"
"""Of the service on the page; in the test it is one that is free."""

PATIENCE = 120.0
"""Seconds until a shell that hangs is stopped."""

END = "-- end of the output --"


class File(NamedTuple):
    """A file that the reader writes."""

    name: str
    content: str


class Command(NamedTuple):
    """A line that the reader types, and what the page shows of what it prints."""

    line: str
    shown: str


def steps(page: str) -> Iterator[File | Command]:
    """What the reader does, in order: a fenced block with a title is a file, one of `console` holds commands."""
    for block in MarkdownIt().parse(page):
        if block.type != "fence":
            continue
        if title := re.search(r'title="([^"]+)"', block.info):
            yield File(title[1], block.content)
        elif block.info == "console":
            for command in re.split(r"(?m)^\$ ", block.content)[1:]:
                line, _, shown = command.partition("\n")
                yield Command(line, shown)
        else:
            assert "pip install" in block.content, f"nobody does what stands in a block of {block.info!r}"


class Shell:
    """A bash as the reader has it before them: with job control, and this environment's commands."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def run(self, line: str) -> str:
        """Run a line; return what it prints to both of its streams."""
        stdin, stdout = self.process.stdin, self.process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(f"{line}\nprintf '%s\\n' '{END}'\n")
        stdin.flush()
        printed = ""
        for output in stdout:
            if output.endswith(f"{END}\n"):
                return printed + output.removesuffix(f"{END}\n")
            printed += output
        raise AssertionError(f"the shell ended in `{line}`, or was stopped after {PATIENCE:.0f} s:\n{printed}")


@contextmanager
def shell(folder: Path, settings: Path) -> Iterator[Shell]:
    """A shell in a folder, for somebody whose settings lie in another; what it left running is stopped."""
    inherited = {name: value for name, value in os.environ.items() if not re.match("PYTEST_|GITHUB_|CI_|GIT_", name)}
    environment = inherited | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "XDG_CONFIG_HOME": str(settings),
        "GIT_CONFIG_GLOBAL": os.devnull,
        **{f"GIT_{who}_{what}": "reader@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
        "COLUMNS": "80",
    }
    pipe = subprocess.PIPE
    command = ["bash", "--noprofile", "--norc"]
    with subprocess.Popen(
        command, cwd=folder, env=environment, text=True, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT
    ) as process:
        stop = threading.Timer(PATIENCE, process.kill)
        stop.start()
        try:
            started = Shell(process)
            started.run("set -m")
            yield started
        finally:
            stop.cancel()
            if process.poll() is None:
                process.communicate("kill $(jobs -p) 2>/dev/null\nexit\n")


def free_port() -> str:
    """A port at which nobody answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def test_the_tutorial_holds(tmp_path: Path) -> None:
    """From the empty folder to the accepted change: each command prints what the page shows."""
    folder = tmp_path / "tutorial"
    folder.mkdir()
    todo = list(steps(TUTORIAL.read_text(encoding="utf-8").replace(PORT, free_port())))
    assert sum(isinstance(step, Command) and step.line.startswith("pytest ") for step in todo) >= 4
    checker = OutputChecker()
    with shell(folder, tmp_path / "settings") as reader:
        for step in todo:
            if isinstance(step, File):
                (folder / step.name).parent.mkdir(exist_ok=True)
                (folder / step.name).write_text(step.content, encoding="utf-8")
                continue
            printed = reader.run(step.line)
            assert checker.check_output(step.shown, printed, ELLIPSIS), (
                f"$ {step.line}\nthe page shows\n{step.shown}\nit printed\n{printed}"
            )
    assert (folder / "report.html").stat().st_size > 10_000
