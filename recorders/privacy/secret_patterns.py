"""What is secret by its own form, under whatever name it stands.

| form | by |
|---|---|
| e-mail address, JWT, PEM private key, keys with a known prefix | their syntax |
| user information of a URL | RFC 3986, read as leniently as drivers do: the password may hold a slash |
| value of an `Authorization` scheme | the scheme's word, and a value that is no word |
| card number | issuer and Luhn (ISO/IEC 7812-1) |
| IBAN | check digits (ISO 13616, ISO 7064 MOD 97-10) |
| US social security number | the ranges that are given out |
| phone number | E.164 with its plus, or the North American groups |
| AWS secret key | 40 characters of base64 with all their classes |
| session id | 32 hexadecimal digits that are no UUID, or as many small letters and digits, well mixed |

The same, once more, is looked for in what a text says when it is read as a form, as JSON, and as base64.
"""

from __future__ import annotations

import base64
import binascii
import re
import string
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple, TypeAlias
from urllib.parse import unquote_plus

from .pseudonyms import is_card_number, is_iban
from .spellings import JSON_UNIT, PERCENT_UNIT, read_unit


class Spot(NamedTuple):
    """A secret at `[start:end]` of a text; `spelling` is how it is written there."""

    start: int
    end: int
    spelling: str = ""


_Find: TypeAlias = Callable[[re.Match[str]], Iterator[Spot]]
"""What is secret in a match; nothing, where it only looks so."""

# Each starts at most once in a run of its characters, or ends at a bound: none is quadratic.
_ESCAPE_RE: Final = re.compile(r"\\(?:u[0-9a-fA-F]{4}|[nrtbf\"\\])|%(?!40)[0-9a-fA-F]{2}")
_EMAIL_RE: Final = re.compile(r"(?<![\w.+-])[\w.+'-]{1,64}+(?:@|%40)(?:[\w-]{1,63}+\.){1,8}[^\W\d_]{2,24}")
_JWT_RE: Final = re.compile(r"(?<![\w-])eyJ[\w-]++\.[\w-]++\.[\w-]*+", re.ASCII)
_PEM_RE: Final = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(.*?)(?:-----END|\Z)", re.S)
# What looks like a port and a path is no password: `https://host:8080/@scope/name`.
_URL_RE: Final = re.compile(r"://[^\s:@/?#\"'<>]{0,256}+:(?!\d{1,5}/)([^\s\"'<>]{1,256})@")
_SCHEME_RE: Final = re.compile(r"\b(?:Bearer|Basic|Token|Digest|ApiKey)[ ]+([\w.~+/=:-]{8,}+)", re.I | re.A)
_CARD_RE: Final = re.compile(
    r"(?<![0-9A-Za-z])(?<!\d\.)(?:\d{13,19}|\d{4}([ -])\d{4,6}\1\d{4,5}(?:\1\d{1,4}){0,2})(?![0-9A-Za-z])",
    re.ASCII,
)
_KEY_PREFIX: Final = (
    r"(?:AKIA|ASIA|gh[pousr]_|github_pat_|[sr]k_(?:live|test)_|whsec_|xox[abeoprs]-|AIza|glpat-|npm_|pypi-"
    r"|hf_|sk-(?:ant-|proj-)?|ya29\.|SG\.|dop_v1_|shpat_|AGE-SECRET-KEY-1|PRT-SECRET-KEY-1)"
)
_KEY_RE: Final = re.compile(rf"(?<![A-Za-z0-9]){_KEY_PREFIX}([\w.-]{{10,255}}+)", re.ASCII)
PREFIX_RE: Final = re.compile(
    rf"\s*(?i:(?:Bearer|(Basic)|Token|Digest|ApiKey|Negotiate|AWS4-HMAC-SHA256) +)?"
    rf"(?:{_KEY_PREFIX}(?=[\w.-]{{10,255}}\s*\Z))?",
    re.ASCII,
)
"""What stands before the secret in a value: an authentication scheme, the prefix of a kind of keys."""

_PREFIXES: Final = (
    *("AKIA", "ASIA", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "k_live_", "k_test_", "whsec_", "xox"),
    *("AIza", "glpat-", "npm_", "pypi-", "hf_", "sk-", "ya29.", "SG.", "dop_v1_", "shpat_"),
    "-SECRET-KEY-1",
)
_SCHEMES: Final = ("bearer", "basic", "token", "digest", "apikey")

_IBAN_RE: Final = re.compile(
    r"(?<![0-9A-Za-z])[A-Z]{2}\d{2}(?:[A-Z0-9]{11,30}|(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,3})?)(?![0-9A-Za-z])",
    re.ASCII,
)
_SSN_RE: Final = re.compile(r"(?<![\w-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])", re.ASCII)
_PHONE_RE: Final = re.compile(
    r"(?<![\w+.])\+[1-9]\d{0,3}(?:[ .()-]{0,2}\d{1,4}){2,6}(?![\w])"
    r"|(?<![\w.-])(?:1[ .-])?(?:\([2-9]\d\d\) ?|[2-9]\d\d([ .-]))[2-9]\d\d(?:\1|[.-])\d{4}(?![\w-])",
    re.ASCII,
)
_AWS_RE: Final = re.compile(r"(?<![A-Za-z0-9+_-])[A-Za-z0-9][A-Za-z0-9/+]{39}(?![A-Za-z0-9+=_-])", re.ASCII)
_SESSION_RE: Final = re.compile(r"(?<![\w-])(?:[0-9a-f]{32}|[0-9A-F]{32}|[0-9a-z]{32})(?![\w-])", re.ASCII)
_BASE64_RE: Final = re.compile(r"(?<![\w+/-])[\w+/-]{16,}={0,2}(?![\w+/=-])", re.ASCII)
_PHONE_DIGITS: Final = range(8, 16)
"""E.164 allows 15; what has fewer than eight with its country is seldom in use."""

_SLASHES: Final = 4
"""In 40 random characters of base64 there are more in one of five hundred; in a path of that length, mostly."""

_MIXED: Final = 6
"""Digits, and letters, that a session id has at least: of 32 random characters fewer have one in a million."""

_BASE64_LIMIT: Final = 65_536
"""Characters of base64 that are read: a longer one is a file."""


def spots_by_form(text: str) -> Iterator[Spot]:
    """What is secret by its own form, in a text or in what it says."""
    if len(text) < _SHORTEST:
        return
    found = list(_spots_as_written(text))
    yield from found
    if "%" in text or "+" in text:
        yield from _spots_as_said(text, unquote_plus(text), "form", found)
    if "\\" in text:
        said = _JSON_ESCAPE_RE.sub(lambda match: read_unit(match[0], "json"), text)
        yield from _spots_as_said(text, said, "json", found)
    yield from _spots_in_base64(text)


_SHORTEST: Final = 6
"""Characters of an e-mail address, at least."""

_JSON_ESCAPE_RE: Final = re.compile(r"\\u[0-9a-fA-F]{4}|\\.", re.S)
# A look at the kinds of characters alone, which costs a tenth of one pattern, says which patterns can match at all.
_DIGITS_TABLE: Final = str.maketrans(string.digits + "-.", "0" * 10 + "  ")
_WORDS_TABLE: Final = str.maketrans(string.ascii_letters + string.digits + "+/_-", "x" * 66)


def _spots_as_written(text: str) -> Iterator[Spot]:
    if "://" in text and "@" in text:
        yield from (Spot(*match.span(1), "percent" if "%" in match[1] else "") for match in _URL_RE.finditer(text))
    # A letter of an escape (`\\nbob@...`, `%20bob@...`) is no part of what follows it.
    if "\\" in text or "%" in text:
        text = _ESCAPE_RE.sub(lambda match: " " * len(match[0]), text)
    if "@" in text or "%40" in text:
        for match in _EMAIL_RE.finditer(text):
            yield Spot(*match.span(), "percent" if "%40" in match[0] else "")
    if "eyJ" in text:
        yield from (Spot(*match.span()) for match in _JWT_RE.finditer(text))
    if "PRIVATE KEY" in text:
        yield from (Spot(*match.span(1), "json") for match in _PEM_RE.finditer(text))
    for pattern, find in _possible(text):
        yield from (spot for match in pattern.finditer(text) for spot in find(match))


def _possible(text: str) -> Iterator[tuple[re.Pattern[str], _Find]]:
    """The patterns of keys and numbers that a text can have a match of."""
    if len(text) < 10:
        return
    if any(prefix in text for prefix in _PREFIXES):
        yield _KEY_RE, _key_spot
    lower = text.lower()
    if any(scheme in lower for scheme in _SCHEMES):
        yield _SCHEME_RE, _scheme_spot
    digits = text.translate(_DIGITS_TABLE)
    if "0" * 13 in digits or "0000 0000" in digits:
        yield _CARD_RE, _card_spot
    if "000 00 0000" in digits:
        yield _SSN_RE, _whole_spot
    if "+" in text or "000 0000" in digits:
        yield _PHONE_RE, _phone_spot
    words = text.translate(_WORDS_TABLE)
    if "x" * 15 in words or "xxxx xxxx xxxx" in words:
        yield _IBAN_RE, _iban_spot
    if "x" * 32 in words:
        yield _SESSION_RE, _session_spot
        yield _AWS_RE, _aws_spot


def _key_spot(match: re.Match[str]) -> Iterator[Spot]:
    yield Spot(*match.span(1))


def _scheme_spot(match: re.Match[str]) -> Iterator[Spot]:
    """Distinguishes `Basic dXNlcjpwdw==` from `basic understanding`."""
    value = match[1]
    if any(map(str.isdigit, value)) or value.endswith("=") or not (value.islower() or value.istitle()):
        prefix = PREFIX_RE.match(match[0])
        assert prefix is not None, "every part of it is optional"
        yield Spot(match.start() + prefix.end(), match.end(), "basic" if prefix[1] else "")


def _card_spot(match: re.Match[str]) -> Iterator[Spot]:
    """The card number, without the groups of other digits that may follow it."""
    number = match[0]
    while len(number) >= 13:
        if is_card_number(number):
            yield Spot(match.start(), match.start() + len(number))
            return
        number = number.rpartition(match[1])[0] if match[1] else ""


def _iban_spot(match: re.Match[str]) -> Iterator[Spot]:
    if is_iban(match[0]):
        yield Spot(*match.span())


def _whole_spot(match: re.Match[str]) -> Iterator[Spot]:
    yield Spot(*match.span())


def _phone_spot(match: re.Match[str]) -> Iterator[Spot]:
    if sum(map(str.isdigit, match[0])) in _PHONE_DIGITS:
        yield Spot(*match.span())


def _aws_spot(match: re.Match[str]) -> Iterator[Spot]:
    """Distinguishes it from a digest and a path: all three classes of characters, and few slashes."""
    value = match[0]
    kinds = {"a" if char.islower() else "A" if char.isupper() else "0" for char in value if char.isalnum()}
    if len(kinds) == 3 and value.count("/") <= _SLASHES:
        yield Spot(*match.span())


_UUID_RE: Final = re.compile(r"(?i)[0-9a-f]{12}[47][0-9a-f]{3}[89ab][0-9a-f]{15}")
"""RFC 9562, of random numbers or time: names of things, mostly. One in 32 session ids looks like one."""


def _session_spot(match: re.Match[str]) -> Iterator[Spot]:
    if _UUID_RE.fullmatch(match[0]):
        return
    digits = sum(map(str.isdigit, match[0]))
    if _MIXED <= digits <= len(match[0]) - _MIXED:
        yield Spot(*match.span())


# --- in other spellings --------------------------------------------------------------------------------------------


def _spots_as_said(text: str, said: str, spelling: str, known: Sequence[Spot]) -> Iterator[Spot]:
    """Secrets in what a text says, at the places where it says them, but for those inside of what is `known`; `said` is
    a quick reading of it."""
    if next(_spots_as_written(said), None) is None:
        return
    units = (JSON_UNIT if spelling == "json" else PERCENT_UNIT).findall(text)
    starts, ends, chars, at = [], [], [], 0
    for unit in units:
        for char in read_unit(unit, spelling):
            chars.append(char)
            starts.append(at)
            ends.append(at + len(unit))
        at += len(unit)
    for spot in _spots_as_written("".join(chars)):
        start, end = starts[spot.start], ends[spot.end - 1]
        if not any(one.start <= start and end <= one.end for one in known):
            yield Spot(start, end, spelling)


def _spots_in_base64(text: str) -> Iterator[Spot]:
    """Base64 (either alphabet of RFC 4648) of a text that holds a secret: it is one as a whole."""
    if "x" * 16 not in text.translate(_WORDS_TABLE):
        return
    for match in _BASE64_RE.finditer(text):
        said = _unbase64(match[0])
        if said and next(_spots_as_written(said), None) is not None:
            yield Spot(*match.span())


def _unbase64(text: str) -> str:
    bare = text.rstrip("=").replace("-", "+").replace("_", "/")
    if len(text) > _BASE64_LIMIT or bare.isdigit() or bare.isalpha():
        return ""
    try:
        said = base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return said if said.isprintable() or "\n" in said else ""
