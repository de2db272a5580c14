"""Encryption of what redaction takes out of a recording, for keys that the baseline does not hold.

A recording session makes one *session key* and wraps it for each recipient: a libsodium sealed box (X25519 and
XSalsa20-Poly1305, https://doc.libsodium.org/public-key_cryptography/sealed_boxes), which needs their public halves
alone. With the session key the secrets of each trace are encrypted (XChaCha20-Poly1305, a random nonce of 192 bits
each), and pseudonyms are made, so that who holds the key gives a new value the pseudonym that the recorder would give.

Keys are written as text: a prefix, then 32 bytes and a checksum of 3 in base32 (RFC 4648) without padding. PyNaCl is
imported where it is first needed: reading a baseline without a key, and recording without recipients, do not load it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

import msgspec

from .. import taken
from ..errors import KeyProblem
from ..options import DRAWN_SIZE

Recipient: TypeAlias = str
"""The public half of a key pair, as text."""

PrivateKey: TypeAlias = str
"""The private half, as text."""

KeyId: TypeAlias = str
"""Name of a session key: 16 hexadecimal digits that say nothing about it."""

PUBLIC_PREFIX: Final = "prt1"
PRIVATE_PREFIX: Final = "PRT-SECRET-KEY-1"
KEY_SIZE: Final = 32
_ID_SIZE: Final = DRAWN_SIZE - KEY_SIZE
_CHECKSUM: Final = 3
_BOXES_KEPT: Final = 4_096
"""Encrypted forms that are kept: a client sends the same token with each request, and equal bytes compress."""

_random = taken.urandom


class WrappedKey(NamedTuple):
    """A session key as a baseline holds it: readable by one recipient."""

    id: KeyId
    recipient: Recipient
    data: bytes


class SessionKey(msgspec.Struct, frozen=True, array_like=True):
    """The key of one recording session, with the rules of redaction that it was recorded by."""

    id: KeyId
    secret: bytes
    names: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"SessionKey({self.id})"

    @property
    def pseudonym_key(self) -> bytes:
        """What pseudonyms of the session are made with."""
        return _derived(self.secret, b"pseudonyms")


def new_session_key(names: Sequence[str] = (), keep: Sequence[str] = (), *, drawn: bytes = b"") -> SessionKey:
    """A session key that nobody else has; made of what was `drawn` for it before, if anything: `DRAWN_SIZE` random
    bytes."""
    drawn = drawn or _random(DRAWN_SIZE)
    return SessionKey(drawn[:_ID_SIZE].hex(), drawn[_ID_SIZE:], tuple(names), tuple(keep))


class Cipher:
    """Encrypts and decrypts with one session key."""

    def __init__(self, key: SessionKey) -> None:
        from nacl.secret import Aead

        self._box = Aead(_derived(key.secret, b"values"))
        self._about = key.id.encode()
        self._known: OrderedDict[bytes, bytes] = OrderedDict()

    def encrypt(self, data: bytes) -> bytes:
        """The data under a nonce of its own; equal data may come under the nonce that they had before."""
        known = self._known.get(data)
        if known is None:
            known = self._known[data] = bytes(self._box.encrypt(data, self._about))
            if len(self._known) > _BOXES_KEPT:
                self._known.popitem(last=False)
        return known

    def decrypt(self, data: bytes) -> bytes:
        """What `encrypt` was given; raises `KeyProblem` where somebody else wrote it, or it was changed."""
        from nacl.exceptions import CryptoError

        try:
            return self._box.decrypt(data, self._about)
        except (CryptoError, ValueError, TypeError) as error:
            raise KeyProblem(f"encrypted values of a recording cannot be read: {error}. Record it again") from error


def _derived(secret: bytes, purpose: bytes) -> bytes:
    return hashlib.blake2b(b"pytest-runtime", key=secret, person=purpose, digest_size=KEY_SIZE).digest()


# --- wrapping ------------------------------------------------------------------------------------------------------


def wrap(key: SessionKey, recipients: Iterable[Recipient]) -> list[WrappedKey]:
    """The session key for each recipient; raises `KeyProblem` for a text that is no public key."""
    from nacl.public import PublicKey, SealedBox

    data = msgspec.msgpack.encode(key)
    return [
        WrappedKey(key.id, recipient, bytes(SealedBox(PublicKey(_bytes_of(recipient, PUBLIC_PREFIX))).encrypt(data)))
        for recipient in dict.fromkeys(recipients)
    ]


def unwrap(wrapped: Iterable[WrappedKey], private: Iterable[PrivateKey]) -> dict[KeyId, SessionKey]:
    """The session keys that private keys can read; raises `KeyProblem` for a text that is no private key."""
    own = {recipient_of(key): key for key in private}
    found = {}
    for one in wrapped:
        if one.recipient in own and one.id not in found:
            found[one.id] = _unwrap(one, own[one.recipient])
    return found


def _unwrap(wrapped: WrappedKey, private: PrivateKey) -> SessionKey:
    import nacl.public
    from nacl.exceptions import CryptoError

    box = nacl.public.SealedBox(nacl.public.PrivateKey(_bytes_of(private, PRIVATE_PREFIX)))
    try:
        key = msgspec.msgpack.decode(box.decrypt(wrapped.data), type=SessionKey)
    except (CryptoError, msgspec.MsgspecError, UnicodeDecodeError, ValueError, TypeError) as error:
        raise KeyProblem(f"the key that a baseline holds for {wrapped.recipient} cannot be read: {error}") from error
    if len(key.secret) != KEY_SIZE or key.id != wrapped.id:
        raise KeyProblem(f"the key that a baseline holds for {wrapped.recipient} is not the one that it is said to be")
    return key


# --- keys as text --------------------------------------------------------------------------------------------------


def new_private_key() -> PrivateKey:
    """A private key that nobody else has."""
    return _text_of(_random(KEY_SIZE), PRIVATE_PREFIX).upper()


def recipient_of(private: PrivateKey) -> Recipient:
    """The public half of a private key; raises `KeyProblem` where it is none."""
    import nacl.public

    key = nacl.public.PrivateKey(_bytes_of(private, PRIVATE_PREFIX))
    return _text_of(bytes(key.public_key), PUBLIC_PREFIX)


def check_recipient(text: str) -> Recipient:
    """A public key as it was given, without blanks around it; raises `KeyProblem` where it is none."""
    recipient = text.strip()
    _bytes_of(recipient, PUBLIC_PREFIX)
    return recipient


def _text_of(key: bytes, prefix: str) -> str:
    return prefix + base64.b32encode(key + _checksum(key, prefix)).decode("ascii").lower()


def _checksum(key: bytes, prefix: str) -> bytes:
    return hashlib.blake2b(prefix.encode() + key, digest_size=_CHECKSUM).digest()


def _bytes_of(text: str, prefix: str) -> bytes:
    what = "public" if prefix == PUBLIC_PREFIX else "private"
    # A private key is never part of a message.
    shown = f" {text[:80]!r}" if what == "public" and not text.startswith(PRIVATE_PREFIX) else ""
    if not text.startswith(prefix):
        raise KeyProblem(f"what was given as a {what} key{shown} is none: it does not begin with {prefix}")
    try:
        data = base64.b32decode(text.removeprefix(prefix).upper())
    except (binascii.Error, ValueError):
        data = b""
    key, checksum = data[:KEY_SIZE], data[KEY_SIZE:]
    if len(key) != KEY_SIZE or checksum != _checksum(key, prefix):
        raise KeyProblem(f"the {what} key{shown} is damaged: copy it again, as a whole")
    return key


# --- reading -------------------------------------------------------------------------------------------------------


class Keyring:
    """The session keys that are at hand."""

    def __init__(self, keys: Iterable[SessionKey] = ()) -> None:
        self._keys = {key.id: key for key in keys}
        self._ciphers: dict[KeyId, Cipher] = {}

    def __contains__(self, key: KeyId) -> bool:
        return key in self._keys

    def __bool__(self) -> bool:
        return bool(self._keys)

    @property
    def keys(self) -> Mapping[KeyId, SessionKey]:
        """By id."""
        return self._keys

    def decrypt(self, key: KeyId, data: bytes) -> bytes:
        """What was encrypted with a key of the ring; raises `KeyProblem`."""
        if key not in self._ciphers:
            self._ciphers[key] = Cipher(self._keys[key])
        return self._ciphers[key].decrypt(data)


NO_KEYS = Keyring()
