"""`pytest-runtime key`: the key pair that reads what recordings redact."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import click

from ..config import Project, load_project
from ..recorders.errors import KeyProblem
from ..recorders.privacy.encryption import check_recipient, unwrap, wrap
from ..recorders.privacy.keys import KEY_VARIABLE, key_file, make_key, own_keys, own_recipient, private_keys
from ..recorders.store.open import open_writer
from ..wiring import open_baseline, writable_url


@click.group("key", invoke_without_command=True)
@click.pass_context
def key_command(context: click.Context) -> None:
    """Show your public key, which is made on first use; recordings for it can be replayed with what they redact."""
    if context.invoked_subcommand is None:
        file = key_file()
        known = len(own_keys(file))
        click.echo(own_recipient(file))
        click.echo(f"{'kept' if known else 'made'} in {file}", err=True)


@key_command.command("rotate")
def rotate_command() -> None:
    """Make a new key pair for recordings from now on; older ones stay, and read what was recorded for them."""
    file = key_file()
    click.echo(make_key(file))
    click.echo(f"added to {file}; {len(own_keys(file)) - 1} older kept", err=True)


@key_command.command("add")
@click.argument("name")
@click.argument("recipients", nargs=-1, required=True, metavar="KEY...")
def add_command(name: str, recipients: tuple[str, ...]) -> None:
    """Let others read what the baseline NAME redacts: those whose public keys are KEY..."""
    click.echo(add_recipients(load_project(Path.cwd()), name, recipients))


def add_recipients(project: Project, name: str, recipients: Sequence[str]) -> str:
    """Wrap the keys of a baseline for further recipients, and say so; raises `KeyProblem`, `StoreError`."""
    wanted = [check_recipient(recipient) for recipient in recipients]
    target = writable_url(project, name)
    with closing(open_baseline(project, name)) as reader:
        wrapped = reader.keys()
    if not wrapped:
        raise KeyProblem(f"the baseline {name} keeps no redacted values: there is nothing to read. Record it again")
    readable = unwrap(wrapped, private_keys())
    if not readable:
        known = ", ".join(dict.fromkeys(wrapped_key.recipient for wrapped_key in wrapped))
        raise KeyProblem(f"no key of yours reads the baseline {name}: give a private key of {known} as {KEY_VARIABLE}")
    with closing(open_writer(target)) as writer:
        writer.add_keys([wrapped_key for key in readable.values() for wrapped_key in wrap(key, wanted)])
    sessions = len({wrapped_key.id for wrapped_key in wrapped})
    left = "" if len(readable) == sessions else f"; {sessions - len(readable)} sessions are for others, and stay so"
    return f"{len(wanted)} recipients added to {len(readable)} sessions of {name}{left}"
