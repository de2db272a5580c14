"""Spellings of a secret: the same as JSON, percent-encoded, hexadecimal or base64 text, and how to replace it there."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Final
from urllib.parse import quote, unquote

from .pseudonyms import DASHED_RE, HEX_RE

JSON_UNIT: Final = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|.", re.S
)
PERCENT_UNIT: Final = re.compile(
    r"%[c-dC-D].%[89abAB].|%[eE].(?:%[89abAB].){2}|%[fF].(?:%[89abAB].){3}|%[0-9a-fA-F]{2}|.", re.S
)


def read_unit(unit: str, spelling: str) -> str:
    """What a unit of a text says that is written as JSON (`json`), with percent signs, or as a form (`form`)."""
    if spelling == "json" and unit[0] == "\\":
        try:
            return str(json.loads(f'"{unit}"'))
        except ValueError:
            return unit
    if spelling == "form" and unit == "+":
        return " "
    return unquote(unit, errors="surrogateescape") if unit[0] == "%" and len(unit) > 1 else unit


def _write_unit(unit: str, char: str, spelling: str) -> str:
    """`char` in the way the unit is written, in the same length; the unit itself where there is no such way."""
    if unit[0] == "\\" and len(unit) > 1:
        written = "".join(f"\\u{ord(c):04x}" for c in char) if unit[1] == "u" else unit
        if ord(char[0]) > 0xFFFF:
            written = json.dumps(char)[1:-1]
    elif unit[0] == "%" and len(unit) > 1:
        written = "".join(f"%{byte:02X}" for byte in char.encode("utf-8", "surrogateescape"))
    else:
        written = char
    return written if len(written) == len(unit) else unit


def respell(raw: str, spelling: str, replace: Callable[[str], str]) -> tuple[str, str]:
    """What `raw` says, and the replacement of that in the spelling of `raw`, unit by unit."""
    units = (JSON_UNIT if spelling == "json" else PERCENT_UNIT).findall(raw)
    said = [read_unit(unit, spelling) for unit in units]
    plain = "".join(said)
    chars = iter(replace(plain))
    written = []
    for unit, meaning in zip(units, said, strict=True):
        replaced = "".join(next(chars) for _ in meaning)
        written.append(unit if replaced == meaning else _write_unit(unit, replaced, spelling))
    return plain, "".join(written)


_UNESCAPED_RE: Final = re.compile(r"[\w.~-]*", re.ASCII)
_BASE64_RE: Final = re.compile(r"[\w+/-]{20,}={0,2}", re.ASCII)


def spellings(plain: str, replaced: str) -> Iterator[tuple[str, str]]:
    """Other texts that say the secret, each with the one that says its pseudonym in the same way and length."""
    pairs = [(spell(plain), spell(replaced)) for spell in (() if _UNESCAPED_RE.fullmatch(plain) else _ESCAPED)]
    digits = plain.replace("-", "") if DASHED_RE.fullmatch(plain) else plain
    if len(digits) >= 16 and not len(digits) % 2 and HEX_RE.fullmatch(digits):
        pairs += _hex_spellings(digits, replaced.replace("-", ""))
    elif _BASE64_RE.fullmatch(plain):
        pairs.append((_unbase64(plain), _unbase64(replaced)))
    if len(plain) <= _ENCODED_LIMIT:
        pairs += zip(_encoded(plain), _encoded(replaced), strict=True)
    return ((one, other) for one, other in pairs if one != plain and len(one) == len(other))


def written_forms(plain: str) -> dict[str, str]:
    """All texts that say a value, itself among them → how each is written, in words."""
    found = {plain: "as it is"}
    for text, how in (
        *((spell(plain), "escaped") for spell in _ESCAPED),
        *((text, "as hexadecimal or base64") for text in _encoded(plain)),
    ):
        found.setdefault(text, how)
    return found


_ENCODED_LIMIT: Final = 1_024
"""Characters of a secret that is looked for as hexadecimal and base64 text: whole documents are not."""


def _encoded(text: str) -> list[str]:
    """Hexadecimal, and base64 in both alphabets, by itself and wherever it may stand in what is encoded."""
    data = text.encode("utf-8", "surrogatepass")
    written = [data.hex(), data.hex().upper()]
    for shift in range(3):
        whole = base64.b64encode(b"\0" * shift + data).decode("ascii").rstrip("=")
        # The first and last character may also depend on what stands around.
        inner = whole[(0, 2, 3)[shift] : len(whole) - (1 if (shift + len(data)) % 3 else 0)]
        written += [inner, inner.replace("+", "-").replace("/", "_")]
    return written


def _percent(text: str) -> str:
    return quote(text, safe="", errors="surrogatepass")


_ESCAPED: Final[tuple[Callable[[str], str], ...]] = (
    lambda text: json.dumps(text)[1:-1],
    lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    lambda text: repr(text)[1:-1],
    _percent,
    lambda text: _percent(text).replace("%20", "+"),
    lambda text: quote(text, errors="surrogatepass"),
    lambda text: text.encode("utf-8", "surrogatepass").decode("latin-1"),
)


def _hex_spellings(digits: str, replaced: str) -> list[tuple[str, str]]:
    pairs = [(digits, replaced), (bytes.fromhex(digits).decode("latin-1"), bytes.fromhex(replaced).decode("latin-1"))]
    if len(digits) == 32:
        cuts = (0, 8, 12, 16, 20, 32)
        dashed = ["-".join(text[i:j] for i, j in pairwise(cuts)) for text in (digits, replaced)]
        pairs.append((dashed[0], dashed[1]))
    return pairs


def _unbase64(text: str) -> str:
    body = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(body + "=" * (-len(body) % 4)).decode("latin-1")
    except binascii.Error:
        return ""
