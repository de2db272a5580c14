"""The values behind the pseudonyms of a trace: what redaction replaced, where it stood, and how to put it back.

A stored trace shows pseudonyms everywhere. Beside them it holds, encrypted as one piece, a list of *secret parts*: the
place of each replaced leaf and what stood there. Without the key a trace is read as if there were none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from ..errors import KeyProblem
from ..model.inputs import input_of
from ..model.trace import Exchange, Outcome, Reading, Trace, decode_trace, encode_trace
from ..model.value_tree import BytesNode, DictNode, ListNode, Tree, children, with_children
from .encryption import Cipher, Keyring, SessionKey

WHOLE_LIMIT: Final = 256
"""Bytes up to which a text is kept as a whole; of longer ones only the pieces that were replaced."""

_GAP: Final = 16
"""Equal bytes between two replaced pieces from which on they are kept apart."""


class SecretPart(msgspec.Struct, frozen=True, array_like=True):
    """One leaf that redaction replaced."""

    place: list[int]
    """Which of the trees of the trace, then which child at each step down."""
    value: Tree
    """What stood there; `None` where `pieces` say it."""
    pieces: list[tuple[int, bytes]] = []
    """Of a long text or bytes: (offset in UTF-8, what stood there)."""


class Locker:
    """Encrypts the secret parts of the traces of one session."""

    def __init__(self, key: SessionKey) -> None:
        self._key = key
        self._cipher = Cipher(key)

    def locked(self, original: Trace, shown: Trace) -> Trace:
        """The redacted trace with what it hides, encrypted; the same object where it hides nothing."""
        parts = list(_differing(_trees(original), _trees(shown)))
        if not parts:
            return shown
        return msgspec.structs.replace(shown, key=self._key.id, secrets=self._encrypted(parts))

    def variables(self, original: Mapping[str, str | None], shown: Mapping[str, str | None]) -> tuple[str, bytes]:
        """The same of environment variables: (id of the key, encrypted parts), both empty where nothing is hidden."""
        parts = list(_differing([_as_tree(original)], [_as_tree(shown)]))
        return (self._key.id, self._encrypted(parts)) if parts else ("", b"")

    def _encrypted(self, parts: list[SecretPart]) -> bytes:
        return self._cipher.encrypt(msgspec.msgpack.encode(parts))


# --- opening -------------------------------------------------------------------------------------------------------


def opened(trace: Trace, keys: Keyring) -> Trace:
    """The trace with its values instead of their pseudonyms; the same object where its key is not at hand.

    Raises `KeyProblem` where its secret parts do not fit it.
    """
    if not trace.key or trace.key not in keys:
        return trace
    trees = _filled(_trees(trace), _parts(keys.decrypt(trace.key, trace.secrets)))
    return msgspec.structs.replace(_with_trees(trace, trees), key="", secrets=b"")


def opened_data(data: bytes, keys: Keyring) -> bytes:
    """The same of an encoded trace."""
    trace = decode_trace(data)
    found = opened(trace, keys)
    return data if found is trace else encode_trace(found)


def opened_variables(shown: Mapping[str, str | None], key: str, secrets: bytes, keys: Keyring) -> dict[str, str | None]:
    """Environment variables with their values; as they are shown where the key is not at hand. Raises `KeyProblem`."""
    if not key or key not in keys:
        return dict(shown)
    return _as_variables(_filled([_as_tree(shown)], _parts(keys.decrypt(key, secrets)))[0])


_decode_parts = msgspec.msgpack.Decoder(list[SecretPart]).decode


def _parts(data: bytes) -> list[SecretPart]:
    try:
        return _decode_parts(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise KeyProblem(f"encrypted values of a recording cannot be read: {error}. Record it again") from error


def _filled(trees: list[Tree], parts: list[SecretPart]) -> list[Tree]:
    """Trees with the values of some parts; raises `KeyProblem` where there is no such place."""
    found = list(trees)
    try:
        for part in parts:
            at, *steps = part.place
            found[at] = _put(found[at], steps, part)
    except (LookupError, ValueError, TypeError, RecursionError) as error:
        raise KeyProblem(f"encrypted values do not fit the trace that they are of: {error}. Record it again") from error
    return found


def _put(tree: Tree, steps: list[int], part: SecretPart) -> Tree:
    if not steps:
        return _patched(tree, part.pieces) if part.pieces else part.value
    inside = list(children(tree))
    inside[steps[0]] = _put(inside[steps[0]], steps[1:], part)
    return with_children(tree, inside)


def _patched(shown: Tree, pieces: list[tuple[int, bytes]]) -> Tree:
    data = bytearray(_bytes_of(shown))
    for offset, piece in pieces:
        if offset < 0 or offset + len(piece) > len(data):
            raise ValueError(f"a piece of {len(piece)} bytes at {offset} of {len(data)}")
        data[offset : offset + len(piece)] = piece
    return BytesNode(bytes(data)) if isinstance(shown, BytesNode) else data.decode("utf-8", "surrogatepass")


def _bytes_of(leaf: Tree) -> bytes:
    if isinstance(leaf, BytesNode):
        return leaf.data
    if isinstance(leaf, str):
        return leaf.encode("utf-8", "surrogatepass")
    raise TypeError(f"a {type(leaf).__name__} has no pieces")


# --- what differs --------------------------------------------------------------------------------------------------


def _differing(before: list[Tree], after: list[Tree]) -> Iterator[SecretPart]:
    """The leaves of some trees that redaction replaced; it keeps what it does not change as the same object."""
    stack = [([at], old, new) for at, (old, new) in enumerate(zip(before, after, strict=True))]
    while stack:
        place, old, new = stack.pop()
        if old is new:
            continue
        inside, replaced = children(old), children(new)
        if inside and type(old) is type(new) and len(inside) == len(replaced):
            steps = enumerate(zip(inside, replaced, strict=True))
            stack.extend(([*place, step], one, other) for step, (one, other) in steps)
        elif type(old) is not type(new) or old != new:
            yield _part(place, old, new)


def _part(place: list[int], old: Tree, new: Tree) -> SecretPart:
    if isinstance(old, str | BytesNode) and type(old) is type(new):
        before, after = _bytes_of(old), _bytes_of(new)
        if len(before) > WHOLE_LIMIT and len(before) == len(after):
            return SecretPart(place, None, _pieces(before, after))
    return SecretPart(place, old)


def _pieces(before: bytes, after: bytes) -> list[tuple[int, bytes]]:
    """Where two byte strings of one length differ, in few pieces."""
    pieces: list[tuple[int, int]] = []
    for at, (old, new) in enumerate(zip(before, after, strict=True)):
        if old == new:
            continue
        if pieces and at - pieces[-1][1] < _GAP:
            pieces[-1] = (pieces[-1][0], at + 1)
        else:
            pieces.append((at, at + 1))
    return [(start, before[start:end]) for start, end in pieces]


# --- the trees of a trace, in a fixed order ------------------------------------------------------------------------


def _as_tree(variables: Mapping[str, str | None]) -> Tree:
    return DictNode(list(variables), list(variables.values()))


def _as_variables(tree: Tree) -> dict[str, str | None]:
    pairs = zip(tree.keys, tree.values, strict=True) if isinstance(tree, DictNode) else ()
    return {str(name): value for name, value in pairs if value is None or isinstance(value, str)}


def _trees(trace: Trace) -> list[Tree]:
    """All trees of a trace; its name and its resources are texts, and so trees too."""
    trees: list[Tree] = [_as_tree(trace.variables), trace.input.tree(), trace.outcome.value, trace.outcome.arguments]
    for exchange in trace.exchanges:
        trees += [exchange.resource, exchange.request, exchange.answer, ListNode(exchange.items), exchange.error]
    trees += [ListNode(reading.values) for reading in trace.readings]
    trees += [call.result for call in trace.calls]
    return trees


def _with_trees(trace: Trace, trees: list[Tree]) -> Trace:
    """The trace with other trees, in the order of `_trees`."""
    given = iter(trees)
    variables, asked, value, arguments = (next(given) for _ in range(4))
    exchanges = [_with_parts(exchange, [next(given) for _ in range(5)]) for exchange in trace.exchanges]
    readings = [_with_values(reading, next(given)) for reading in trace.readings]
    calls = [msgspec.structs.replace(call, result=next(given)) for call in trace.calls]
    return msgspec.structs.replace(
        trace,
        variables=_as_variables(variables),
        input=input_of(trace.input, asked),
        outcome=Outcome(trace.outcome.kind, value, arguments),
        exchanges=exchanges,
        readings=readings,
        calls=calls,
    )


def _with_parts(exchange: Exchange, parts: list[Tree]) -> Exchange:
    resource, request, answer, items, error = parts
    if not (isinstance(resource, str) and isinstance(items, ListNode)):
        raise TypeError("an exchange is filled with something else")
    return msgspec.structs.replace(
        exchange, resource=resource, request=request, answer=answer, items=items.items, error=error
    )


def _with_values(reading: Reading, values: Tree) -> Reading:
    if not isinstance(values, ListNode):
        raise TypeError("readings are filled with something else")
    return msgspec.structs.replace(reading, values=values.items)
