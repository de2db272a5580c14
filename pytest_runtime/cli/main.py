"""The command line: which commands there are, and with which status they end.

Each command is a module that is imported when it is asked for: recording, which goes through here in production, loads
nothing that judges, and `--help` next to nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import IO, NamedTuple

import click

from .. import __version__

OK, FOUND, CANNOT, INTERRUPTED = 0, 1, 2, 130
"""Exit statuses: done, and nothing to act on; something was found; the command cannot be understood or done; Ctrl-C."""


class Command(NamedTuple):
    """A command of which only the name is known until it is asked for."""

    name: str
    help: str
    """The first sentence of its help, so that listing the commands imports none."""


COMMANDS = (
    Command("check", "Verify every digest of the baseline NAME; exits with 1 where something is damaged."),
    Command(
        "compare", "Lay the variables of many traces side by side: what is the same, what differs, what separates."
    ),
    Command("diff", "Compare the baselines A and B: entries, paths, rates and shapes; exits with 1 where they differ."),
    Command("explain", "Show one kept TRACE: its input, path, exchanges and outcome, and why it is not judged."),
    Command("github", "Judge a pull request in GitHub Actions: what the action runs."),
    Command("init", "Set the project up: configuration, a GitHub workflow and a pre-commit hook."),
    Command("key", "Show your public key, with which recordings keep what they redact; it is made on first use."),
    Command("list", "List the baselines of the project."),
    Command(
        "mcp", "Serve the Model Context Protocol: an assistant asks what really happens, and has its changes judged."
    ),
    Command("merge", "Merge the baselines SOURCE... into TARGET, which may be new."),
    Command("probe", "Ask running processes: logs, snapshots and metrics at a line, without a restart."),
    Command("prune", "Remove acceptances that the baseline NAME needs no more, because base does what they accept."),
    Command("pull", "Fetch the baseline NAME from URL, or from the configured store."),
    Command("push", "Put the baseline NAME at URL, or into the configured store."),
    Command("record", "Run COMMAND with the recorder in it."),
    Command("report", "Say what REPORT, written by pytest --runtime-json, found, and write it in other forms."),
    Command("scan", "Look for secrets in the baselines NAME...; exits with 1 if any is there, and prints none."),
    Command("seal", "Replay the baseline NAME on base, keep what it shows, and say how faithful that is."),
    Command("show", "Show what the baseline NAME holds: its entries, or the paths of one ENTRY."),
    Command("staged", "Judge what is staged, and nothing else, against HEAD: what the pre-commit hook runs."),
    Command("status", "Say what the baseline NAME holds and what its recorder counted."),
    Command("why", "Rank what separates failing traces from passing ones, and say where the fault first shows."),
)
"""Each in the module of this package of its name, as `NAME_command`."""

_NAMES = frozenset(command.name for command in COMMANDS)


class _Commands(click.Group):
    """Commands that are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_NAMES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _NAMES:
            return None
        command: click.Command = getattr(import_module(f"{__package__}.{cmd_name}"), f"{cmd_name}_command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _NAMES and not args[0].startswith("-"):
            from .nearest import did_you_mean

            ctx.fail(f"No such command {args[0]!r}{did_you_mean(args[0], _NAMES)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(command.name, command.help) for command in COMMANDS])


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="pytest-runtime")
def cli() -> None:
    """Record a service's real executions, and replay them inside pytest against every change.

    Exits with 0 when all is well, with 1 when something was found, and with 2 when a command cannot be understood or
    done.
    """


def main(argv: Sequence[str] | None = None, stdout: IO[str] | None = None, stderr: IO[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    before = sys.stdout, sys.stderr
    out, err = stdout or sys.stdout, stderr or sys.stderr
    sys.stdout, sys.stderr = out, err
    try:
        status = _run(argv)
        out.flush()  # here, where a closed pipe can be met, and not when the interpreter ends
    except BrokenPipeError:
        return _unread(out)
    finally:
        sys.stdout, sys.stderr = before
    return status


def _run(argv: Sequence[str] | None) -> int:
    given = list(argv) if argv is not None else None
    try:
        # The status with which a command ends is what it returns here.
        ended = cli.main(args=given, prog_name="pytest-runtime", standalone_mode=False)
    except click.UsageError as error:
        error.show(sys.stderr)
        return CANNOT
    except click.exceptions.Exit as end:
        return end.exit_code
    except SystemExit as end:  # how click ends when it completed words for a shell
        return end.code if isinstance(end.code, int) else OK
    except click.Abort:
        return INTERRUPTED
    except Exception as error:
        message = _explanation(error)
        if message is None:
            raise
        sys.stderr.write(f"pytest-runtime: {message}\n")
        return CANNOT
    return ended if isinstance(ended, int) else OK


def _explanation(error: Exception) -> str | None:
    """What a person can do about an error; `None` for one that is a fault of this program."""
    from ..recorders.errors import RuntimeBaselineError
    from ..recorders.model.printable import printable

    if isinstance(error, click.ClickException):
        return printable(error.format_message())
    return printable(str(error)) if isinstance(error, RuntimeBaselineError) else None


def _unread(out: IO[str]) -> int:
    """Nobody reads what is printed any more (`| head`): done, and nothing is flushed into the closed pipe."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())
    return OK


def run() -> None:
    """The console script."""
    sys.exit(main())
