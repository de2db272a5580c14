"""`pytest-runtime record`: a command with the recorder in it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from ..config import load_project
from ..recorders.options import ENVIRONMENT_KEY, Sample, encode_options
from ..recording import STARTUP, record_options
from .record_values import sample_value, share_value
from .unrecordable import is_recordable


@click.command("record", context_settings={"ignore_unknown_options": False, "allow_interspersed_args": False})
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
    )
    environment = dict(os.environ)
    if is_recordable(options, command):
        environment[ENVIRONMENT_KEY] = encode_options(options)
        before = environment.get("PYTHONPATH")
        environment["PYTHONPATH"] = STARTUP + (os.pathsep + before if before else "")
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        os.execvpe(command[0], list(command), environment)
    except OSError as error:
        raise click.ClickException(f"cannot run {command[0]!r}: {error.strerror}. Is it on the PATH?") from error
