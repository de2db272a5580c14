"""`pytest-runtime key`: the key pair that reads what recordings redact."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import click
import msgspec

from ..config import Project, load_project
from ..recorders.errors import KeyProblem
from ..recorders.privacy.encryption import check_recipient, unwrap, wrap
from ..recorders.privacy.keys import KEY_VARIABLE, key_file, make_key, own_keys, own_recipient, private_keys
from ..recorders.store.open import open_writer
from ..wiring import open_baseline, writable_url
from .baselines import complete_baselines
from .output import Block, Line, json_option, show


class OwnKey(msgspec.Struct, frozen=True, kw_only=True):
    """The user's key."""

    recipient: str
    """The public half, which recordings are made for."""
    file: str
    """Where the private half lies."""
    made: bool
    """Whether it was made now."""
    older: int
    """Older keys that are kept, and read what was recorded for them."""


class Readers(msgspec.Struct, frozen=True, kw_only=True):
    """Who was let read what a baseline redacts."""

    baseline: str
    recipients: tuple[str, ...]
    sessions: int
    """Sessions that they can read now."""
    closed: int
    """Sessions that are for others, and stay so."""


@click.group("key", invoke_without_command=True)
@json_option
@click.pass_context
def key_command(context: click.Context, as_json: bool) -> None:
    """Show your public key, which is made on first use; recordings for it can be replayed with what they redact."""
    if context.invoked_subcommand is not None:
        return
    file = key_file()
    known = len(own_keys(file))
    recipient = own_recipient(file)
    own = OwnKey(recipient=recipient, file=str(file), made=not known, older=max(known - 1, 0))
    _show(own, f"{'kept' if known else 'made'} in {file}", as_json=as_json)


@key_command.command("rotate")
@json_option
def rotate_command(as_json: bool) -> None:
    """Make a new key pair for recordings from now on; older ones stay, and read what was recorded for them."""
    file = key_file()
    recipient = make_key(file)
    older = len(own_keys(file)) - 1
    own = OwnKey(recipient=recipient, file=str(file), made=True, older=older)
    _show(own, f"added to {file}; {older} older kept", as_json=as_json)


def _show(own: OwnKey, note: str, *, as_json: bool) -> None:
    show("key", own, [Line(own.recipient)], as_json=as_json)
    if not as_json:
        click.echo(note, err=True)


@key_command.command("add")
@click.argument("name", shell_complete=complete_baselines)
@click.argument("recipients", nargs=-1, required=True, metavar="KEY...")
@json_option
def add_command(name: str, recipients: tuple[str, ...], as_json: bool) -> None:
    """Let others read what the baseline NAME redacts: those whose public keys are KEY..."""
    readers = add_recipients(load_project(Path.cwd()), name, recipients)
    show("key add", readers, blocks_of(readers), as_json=as_json)


def blocks_of(readers: Readers) -> Iterator[Block]:
    """Who can read how much."""
    left = f"; {readers.closed} sessions are for others, and stay so" if readers.closed else ""
    count = len(readers.recipients)
    yield Line(f"{count} recipients added to {readers.sessions} sessions of {readers.baseline}{left}")


def add_recipients(project: Project, name: str, recipients: Sequence[str]) -> Readers:
    """Wrap the keys of a baseline for further recipients; raises `KeyProblem`, `StoreError`."""
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
    return Readers(baseline=name, recipients=tuple(wanted), sessions=len(readable), closed=sessions - len(readable))
