"""The user's key pairs: made on first use in the folder of the user's configuration, never in a project.

The file `keys` there holds one private key a line, the newest last: recordings are made for the newest, older ones
still read what was recorded for them. In the environment, `PYTEST_RUNTIME_KEY` may hold private keys (a secret of a CI
system), and `PYTEST_RUNTIME_RECIPIENT` public ones, each several with blanks or commas between them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ..errors import KeyProblem
from .encryption import (
    PrivateKey,
    Recipient,
    SessionKey,
    WrappedKey,
    check_recipient,
    new_private_key,
    recipient_of,
    unwrap,
)

KEY_VARIABLE: Final = "PYTEST_RUNTIME_KEY"
"""Private keys, for replays."""

RECIPIENT_VARIABLE: Final = "PYTEST_RUNTIME_RECIPIENT"
"""Public keys, for recordings."""

KEY_PLACE: Final = os.path.join(os.sep, "pytest-runtime", "keys")
"""How the path of the file with the user's keys ends, wherever its configuration lies."""

_SEPARATOR: Final = re.compile(r"[\s,]+")
_COMMENT: Final = "#"
_HEAD: Final = "# Private keys of pytest-runtime, the newest last: they read the secrets of recordings. Share none.\n"


def key_file(environment: Mapping[str, str] = os.environ) -> Path:
    """Where the user's private keys lie (XDG Base Directory Specification); raises `KeyProblem` without a home."""
    configured = environment.get("XDG_CONFIG_HOME", "")
    if configured and os.path.isabs(configured):
        return Path(configured, "pytest-runtime", "keys")
    home = os.path.expanduser("~")
    if not os.path.isabs(home):
        raise KeyProblem("there is no place for a key: this user has no home folder, and XDG_CONFIG_HOME is not set")
    return Path(home, ".config", "pytest-runtime", "keys")


def own_keys(file: Path) -> list[PrivateKey]:
    """The private keys in a file, the newest last; none where there is no file. Raises `KeyProblem`."""
    try:
        lines = file.read_text(encoding="ascii", errors="replace").splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise KeyProblem(f"the keys in {file} cannot be read: {error.strerror}") from error
    return [line.strip() for line in lines if line.strip() and not line.startswith(_COMMENT)]


def own_recipient(file: Path) -> Recipient:
    """The public half of the newest key, which is made where there is none; raises `KeyProblem`."""
    known = own_keys(file)
    return recipient_of(known[-1]) if known else make_key(file, only_first=True)


def make_key(file: Path, *, only_first: bool = False) -> Recipient:
    """Add a new key pair, and give its public half; raises `KeyProblem`.

    With `only_first` none is added where another process was faster, and the answer is of that one.
    """
    try:
        _make_folder(file.parent)
        with _locked(file):
            known = own_keys(file)
            if not (only_first and known):
                known.append(new_private_key())
                _write(file, known)
    except OSError as error:
        raise KeyProblem(f"no key can be made in {file}: {error.strerror}") from error
    return recipient_of(known[-1])


def _make_folder(folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Alone among processes, where the system can lock files; else replacing the file as a whole has to do."""
    descriptor = os.open(file.with_name("lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            import fcntl
        except ImportError:  # not on Windows
            yield
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX)  # given back when the descriptor is closed
            yield
    finally:
        os.close(descriptor)


def _write(file: Path, keys: Sequence[PrivateKey]) -> None:
    """Whole or not at all, readable by the user alone from the first byte on."""
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="ascii") as stream:
        stream.write(_HEAD + "".join(f"{key}\n" for key in keys))
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(draft, file)


# --- what is given -------------------------------------------------------------------------------------------------


def given(text: str) -> list[str]:
    """The keys in a text."""
    return [part for part in _SEPARATOR.split(text) if part]


def recipients_for(
    said: Sequence[str], configured: Sequence[str], environment: Mapping[str, str] = os.environ
) -> tuple[Recipient, ...]:
    """Who is to read the secrets of a recording: whom the command names, else the environment, else the configuration,
    else this user, whose key is made now if it was not. Raises `KeyProblem`."""
    named = list(said) or given(environment.get(RECIPIENT_VARIABLE, "")) or list(configured)
    if named:
        return tuple(dict.fromkeys(map(check_recipient, named)))
    return (own_recipient(key_file(environment)),)


def private_keys(environment: Mapping[str, str] = os.environ) -> list[PrivateKey]:
    """All private keys at hand: those of the environment, and the user's. Raises `KeyProblem`."""
    named = given(environment.get(KEY_VARIABLE, ""))
    try:
        file = key_file(environment)
    except KeyProblem:
        return named  # a user without a home has no keys there
    return [*named, *own_keys(file)]


def readable(wrapped: Sequence[WrappedKey], environment: Mapping[str, str] = os.environ) -> tuple[SessionKey, ...]:
    """The session keys of a baseline that the private keys at hand can read; raises `KeyProblem`."""
    if not wrapped:
        return ()
    return tuple(unwrap(wrapped, private_keys(environment)).values())
