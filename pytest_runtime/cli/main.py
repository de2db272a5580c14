"""The command line: `pytest-runtime record`, and where the other commands are.

Recording must not load what judging needs, so those are imported when they are asked for.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import IO

import click

from .. import __version__
from ..config import load_project
from ..recorders.errors import RuntimeBaselineError
from ..recorders.options import ENVIRONMENT_KEY, Sample, encode_options
from ..recording import record_options
from ..reports.printing import printable
from .sample import sample_value, share_value
from .unrecordable import warn_unrecordable

STARTUP = Path(__file__).resolve().parent.parent / "startup"
"""Put first on the recorded process's path: it holds the `sitecustomize` that starts the recorder."""


_LATER = {
    "github": ("github", "github_command"),
    "key": ("key", "key_command"),
    "prune": ("prune", "prune_command"),
    "report": ("report", "report_command"),
    "scan": ("scan", "scan_command"),
    "seal": ("seal", "seal_command"),
    "staged": ("staged", "staged_command"),
    "status": ("status", "status_command"),
}
"""Command → (module of this package, attribute)."""


class _Commands(click.Group):
    """Commands, of which some are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *_LATER])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _LATER:
            return super().get_command(ctx, cmd_name)
        module, attribute = _LATER[cmd_name]
        command: click.Command = getattr(import_module(f"{__package__}.{module}"), attribute)
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="pytest-runtime")
def cli() -> None:
    """Record a service's real executions, and replay them inside pytest against every change."""


@cli.command("record", context_settings={"ignore_unknown_options": False, "allow_interspersed_args": False})
@click.option("--baseline", required=True, metavar="NAME", help="The baseline to record into, for example staging.")
@click.option("--include", multiple=True, metavar="PKG", help="A package under validation; may be given again.")
@click.option("--store", metavar="URL", help="Path or URL of the store; default .runtime/NAME.baseline.")
@click.option(
    "--sample",
    type=sample_value,
    metavar="N|all|auto",
    help="Traces a second, all, or auto (everything; a server 10 a second); default from the configuration, else auto.",
)
@click.option(
    "--recipient",
    "recipients",
    multiple=True,
    metavar="KEY",
    help="Public key of somebody who may read what is redacted; may be given again. Default: PYTEST_RUNTIME_RECIPIENT, "
    "the configuration, else your own (pytest-runtime key).",
)
@click.option(
    "--cpu-share",
    type=share_value,
    metavar="SHARE",
    help="The most of a server's CPU that recording may take, such as 2% or 0.02; default from the configuration, "
    "else 2%.",
)
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def record_command(
    baseline: str,
    include: tuple[str, ...],
    store: str | None,
    sample: Sample | None,
    recipients: tuple[str, ...],
    cpu_share: float | None,
    command: tuple[str, ...],
) -> None:
    """Run COMMAND with the recorder in it: pytest-runtime record --baseline staging -- python -m shop"""
    project = load_project(Path.cwd())
    # The command takes this process's place, so signals and exit status are its own.
    options = record_options(
        baseline,
        project=project,
        include=include,
        store=store,
        sample=sample,
        recipients=recipients,
        cpu_share=cpu_share,
        process=os.getpid(),
    )
    warn_unrecordable(options, command)
    environment = dict(os.environ)
    environment[ENVIRONMENT_KEY] = encode_options(options)
    before = environment.get("PYTHONPATH")
    environment["PYTHONPATH"] = str(STARTUP) + (os.pathsep + before if before else "")
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        os.execvpe(command[0], list(command), environment)
    except OSError as error:
        raise click.ClickException(f"cannot run {command[0]!r}: {error.strerror}. Is it on the PATH?") from error


def main(argv: Sequence[str] | None = None, stdout: IO[str] | None = None, stderr: IO[str] | None = None) -> int:
    """Run the command line; returns the exit status (0 done, 1 failed, 2 or 4 a usage error)."""
    out, err = stdout or sys.stdout, stderr or sys.stderr
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = out, err
    try:
        given = list(argv) if argv is not None else None
        # The status with which a command ends is what it returns here.
        ended = cli.main(args=given, prog_name="pytest-runtime", standalone_mode=False)
    except click.UsageError as error:
        error.show(err)
        return error.exit_code
    except click.ClickException as error:
        err.write(f"Error: {printable(error.format_message())}\n")
        return error.exit_code
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.Abort:
        return 130
    except RuntimeBaselineError as error:
        err.write(f"pytest-runtime: {printable(str(error))}\n")
        return 4
    finally:
        sys.stdout, sys.stderr = before
    return ended if isinstance(ended, int) else 0


def run() -> None:
    """The console script."""
    sys.exit(main())
