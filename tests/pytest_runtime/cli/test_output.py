"""Output: decided once, for a terminal, for a file, and as JSON; and what every command has in common."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.shell_completion import BashComplete, ShellComplete
from hypothesis import given
from hypothesis import strategies as st

from pytest_runtime.cli.main import COMMANDS, cli, main
from pytest_runtime.cli.output import Block, Line, Table, document, percent, plain, show, size_text

from .commands import run

BLOCKS: tuple[Block, ...] = (
    Line("a heading", "heading"),
    Table(("name", "count"), [["first", "1"], ["the second", "1000"]], frozenset({"count"}), 2),
    Line(),
    Line("a [bold]line[/bold] :smile:", "bad", 4),
)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """It is."""
        return True


def test_plain_text_is_aligned() -> None:
    """Columns by the widest cell, those of numbers flush right; nothing is cut."""
    assert list(plain(BLOCKS)) == [
        "a heading",
        "  name        count",
        "  first           1",
        "  the second   1000",
        "",
        "    a [bold]line[/bold] :smile:",
    ]


def test_a_terminal_gets_the_same_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """In colours, and with no word of them taken for markup."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("NO_COLOR", raising=False)
    out = Terminal()
    show("x", None, BLOCKS, as_json=False, stream=out)
    text = out.getvalue()
    assert "\x1b[1ma heading" in text
    assert "a [bold]line[/bold] :smile:" in text
    assert all(word in text for word in ("first", "the second", "1000"))


@pytest.mark.parametrize("term", ["dumb", ""])
def test_elsewhere_there_are_no_colours(term: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither in a terminal that has none, nor in a file."""
    monkeypatch.setenv("TERM", term or "xterm")
    out = Terminal() if term else io.StringIO()
    show("x", None, BLOCKS, as_json=False, stream=out)
    assert out.getvalue() == "".join(f"{line}\n" for line in plain(BLOCKS))


TEXTS = st.text(st.sampled_from("a:# [vso]\n\x1b\r\u2028é\u202e"), max_size=20)


@given(TEXTS, st.lists(TEXTS, max_size=3))
def test_no_text_is_taken_for_a_command(text: str, cells: list[str]) -> None:
    """By a terminal or a CI system; as JSON, it is still the same text."""
    blocks: list[Block] = [Line(text), Table(("a",), [[cell] for cell in cells])]
    lines = list(plain(blocks))
    assert all(char.isprintable() for line in lines for char in line)
    assert not any(line.lstrip().startswith("::") or "##[" in line for line in lines)
    written = document("x", {"text": text, "cells": cells})
    assert written.isascii()
    assert "##[" not in written
    assert json.loads(written) == {"format": "pytest-runtime x", "version": 1, "text": text, "cells": cells}


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [(0, 9, "0 %"), (1, 1000, "<1 %"), (1, 3, "33 %"), (999, 1000, ">99 %"), (9, 9, "100 %"), (0, 0, "-")],
)
def test_what_is_there_is_never_nothing(part: int, whole: int, said: str) -> None:
    """And what is not all is never everything."""
    assert percent(part, whole) == said


@pytest.mark.parametrize(("count", "said"), [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (3 << 30, "3.0 GiB")])
def test_sizes_are_in_words(count: int, said: str) -> None:
    """Binary units."""
    assert size_text(count) == said


# --- all commands ----------------------------------------------------------------------------------------------------


def every_command() -> Iterator[tuple[str, click.Command]]:
    """All commands, those of groups too."""
    context = click.Context(cli)
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        yield name, command
        if isinstance(command, click.Group):
            yield from ((f"{name} {inner}", found) for inner, found in command.commands.items())


def test_every_command_is_listed_with_its_own_help() -> None:
    """The list, which is written down so that nothing is imported, names all modules of commands."""
    assert [command.name for command in COMMANDS] == sorted(command.name for command in COMMANDS)
    for name, command in every_command():
        assert command.name == name.split()[-1]
        assert command.help
    helped = run("--help")
    assert helped.status == 0
    assert all(any(line.startswith(f"{command.name} ") for line in helped.lines) for command in COMMANDS)


def test_every_command_that_prints_data_prints_it_as_json_too() -> None:
    """All but a group, the one that another program prints for, the one that a program speaks to, and those whose
    data is the JSON report of a run."""
    without = [name for name, command in every_command() if "--json" not in [o for p in command.params for o in p.opts]]
    of_a_run = {"github", "report", "staged"}
    assert [name for name in without if name.partition(" ")[0] not in of_a_run] == ["mcp", "probe", "record"]


@pytest.mark.parametrize("name", [command.name for command in COMMANDS])
def test_every_command_has_help_and_the_same_exit_statuses(name: str, here: Path) -> None:
    """0 for help, 2 for what it does not know."""
    assert run(name, "--help").status == 0
    unknown = run(name, "--no-such-option")
    assert (unknown.status, unknown.out) == (2, "")
    assert "No such option" in unknown.err


def test_a_broken_configuration_has_status_2_everywhere(here: Path) -> None:
    """With the nearest key; a report is read without its project too."""
    (here / "pyproject.toml").write_text("[tool.pytest-runtime]\ninclud = 1\n", encoding="utf-8")
    given = {
        "diff": ("a", "b"),
        "explain": ("00",),
        "merge": ("a", "b"),
        "key": ("add", "a", "b"),
        "github": ("prepare", "--baseline", "a"),
        "staged": (),
        "probe": ("list",),
        "list": (),
        "mcp": (),
        "why": ("a", "--fail", "x"),
        "init": (),
        "record": ("--baseline", "a", "true"),
    }
    for command in COMMANDS:
        if command.name == "report":
            continue
        ran = run(command.name, *given.get(command.name, ("a",)))
        assert (command.name, ran.status, "did you mean 'include'?" in ran.err) == (command.name, 2, True)


def test_help_imports_next_to_nothing() -> None:
    """It is asked for more often than anything else, by people and by shells."""
    code = (
        "import sys\n"
        "from pytest_runtime.cli.main import main\n"
        "assert main(['--help']) == 0\n"
        "heavy = ('pytest', '_pytest', 'deepdiff', 'hypothesis', 'sqlglot', 'rich', 'msgspec', 'tomlkit', 'fsspec')\n"
        "sys.stderr.write(' '.join(sorted(name for name in sys.modules if name in heavy)))\n"
        "sys.stderr.write(' '.join(sorted(name for name in sys.modules if name.startswith('pytest_runtime.re'))))\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ran.stderr == ""


@pytest.mark.parametrize("unbuffered", ["1", ""])
def test_what_is_cut_off_by_a_pager_is_no_error(project: Path, unbuffered: str) -> None:
    """`pytest-runtime show | head` ends without a traceback, whether the closed pipe is met at once or at the end."""
    code = "import sys; from pytest_runtime.cli.main import main; sys.exit(main(['show', 'staging', '--json']))"
    environ = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=project, env=environ
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""


def every_name() -> set[str]:
    """The names of all commands."""
    return {command.name for command in COMMANDS}


# --- completion ------------------------------------------------------------------------------------------------------


def completed(*args: str, incomplete: str = "") -> list[str]:
    """What a shell offers after some words."""
    complete = ShellComplete(cli, {}, "pytest-runtime", "_PYTEST_RUNTIME_COMPLETE")
    return [item.value for item in complete.get_completions(list(args), incomplete)]


def test_a_shell_completes_commands_baselines_and_entries(project: Path) -> None:
    """Entries are those of the baseline that was named."""
    assert {"scan", "seal", "show", "status"} <= set(completed(incomplete="s")) <= every_name()
    for command in ("show", "status", "seal", "scan", "prune", "check", "diff", "merge", "push", "pull"):
        assert completed(command) == ["staging"], command
    assert completed("diff", "staging") == ["staging"]
    assert completed("merge", "new", "staging") == ["staging"]
    assert completed("show", incomplete="x") == []
    entries = completed("show", "staging")
    assert [entry.rpartition(":")[2] for entry in entries] == ["check", "fee", "login"]
    assert completed("show", "staging", incomplete=entries[1][:-1]) == [entries[1]]
    assert completed("explain", "--baseline") == ["staging"]
    assert "--json" in completed("show", incomplete="--j")


def test_completing_never_fails(project: Path) -> None:
    """A shell would print the error into the line that somebody writes."""
    assert completed("show", "none") == []
    (project / "pyproject.toml").write_text("[tool", encoding="utf-8")
    assert completed("show") == []
    assert completed("show", "staging") == []


def test_the_script_of_a_shell_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the documentation says: `_PYTEST_RUNTIME_COMPLETE=bash_source pytest-runtime`."""
    monkeypatch.setattr(BashComplete, "_check_version", staticmethod(lambda: None))
    monkeypatch.setenv("_PYTEST_RUNTIME_COMPLETE", "bash_source")
    written = io.BytesIO()
    out = io.TextIOWrapper(written, encoding="utf-8")
    assert main([], out) == 0
    out.flush()
    assert b"complete -o nosort -F _pytest_runtime_completion pytest-runtime" in written.getvalue()
