"""This file is about what is sensitive: names, and the places in a text where a secret stands."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple

from .pseudonyms import is_card_number, respell
from .value_tree import (
    BytesNode,
    Tree,
)

# --- names ---------------------------------------------------------------------------------------------------------


def word_set(words: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(words.split())


_WORD_RE: Final = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
WORDS: Final = word_set(
    "password passwords passwd pwd passphrase passcode secret secrets token tokens apikey accesskey credential"
    " credentials creds authorization cookie cookies cvv cvc iban ssn otp totp csrf xsrf signature jwt"
)
_WORD_ENDS: Final = (
    *("password", "passwd", "passphrase", "secret", "token", "apikey", "sessionid", "sessid", "credentials"),
    *("privatekey", "secretkey", "accesskey", "cardnumber", "creditcard", "authorization", "setcookie"),
)
_PAIRS: Final = frozenset(
    {(word, "key") for word in word_set("api access secret private signing encryption master session ssh license hmac")}
    | {(word, "number") for word in ("card", "account", "pan")}
    | {(word, "code") for word in word_set("security verification pin backup recovery auth")}
    | {(word, "codes") for word in ("backup", "recovery")}
    | {("auth", word) for word in word_set("header hash key data value")}
    | {("card", "no"), ("card", "num"), ("session", "id"), ("social", "security"), ("one", "time"), ("user", "hash")}
)
_LAST_WORDS: Final = frozenset({"auth", "oauth", "authentication", "card", "pin", "pan", "sid", "sig", "pass"})
_DESCRIBING: Final = word_set(
    "count counts total length len size type types kind name names expires expiry expiration expired expire at ttl age"
    " lifetime policy policies required enabled disabled valid invalid url uri endpoint path domain limit limits usage"
    " index status state scheme method methods field fields label strength version format algorithm alg backend"
    " provider handler manager class file prefix suffix date time timestamp seconds minutes days attempts retries"
    " changed updated created rotated used scope scopes issuer audience consent banner secure httponly samesite error"
    " errors message template form validators hashers bucket brand"
)
_ASKING: Final = word_set(
    "is has can should requires use num n max min total count prompt completion input output cached remaining"
)
_CURSORS: Final = frozenset({"page", "next", "continuation", "previous", "prev"})
_COOKIE_WORDS: Final = frozenset({"cookie", "cookies", "setcookie"})
_COOKIE_ATTRIBUTES: Final = frozenset({"path", "domain", "expires", "max-age", "samesite", "version", "priority"})


def words_of(name: str) -> tuple[str, ...]:
    """A name taken apart into lower-case words."""
    words = tuple(word.lower() for word in _WORD_RE.findall(name))
    while words and words[0] in ("http", "x"):
        words = words[1:]
    return words


def _is_sensitive(words: tuple[str, ...]) -> bool:
    """The rule of the module's docstring."""
    spoken = tuple(word for word in words if not word.isdigit())
    if not spoken or spoken[-1] in _DESCRIBING or (len(spoken) > 1 and spoken[0] in _ASKING):
        return False
    if spoken[-1] == "token" and _CURSORS.intersection(spoken):
        return False
    return (
        spoken[-1] in _LAST_WORDS
        or any(word in WORDS or word.endswith(_WORD_ENDS) for word in spoken)
        or any(pair in _PAIRS for pair in pairwise(spoken))
    )


PUBLIC, _SECRET, _COOKIES = range(3)
"""What a name says of the leaves below it; the leaves of cookies may be whole `name=value; ...` lines."""


class Names:
    """The judgement of names, with what the configuration adds and takes away."""

    def __init__(self, names: Iterable[str], keep: Iterable[str]) -> None:
        self._extra = [words for words in map(words_of, names) if words]
        self._keep = {words_of(name) for name in keep}
        # Names come from the traffic: the cache is bounded.
        self.care: Callable[[str], int] = lru_cache(8192)(self._care)

    def _care(self, name: str) -> int:
        if name.startswith("secrets."):  # the standard module: `secrets.choice` makes no secret
            name = name.removeprefix("secrets.")
        words = words_of(name[:128])
        if words in self._keep or not (self._is_extra(words) or _is_sensitive(words)):
            return PUBLIC
        return _COOKIES if _COOKIE_WORDS.intersection(words) else _SECRET

    def _is_extra(self, words: tuple[str, ...]) -> bool:
        return any(
            words[at : at + len(extra)] == extra for extra in self._extra for at in range(len(words) - len(extra) + 1)
        )

    def of(self, tree: Tree) -> int:
        """The care that a dict key or the first of a pair asks for."""
        if isinstance(tree, BytesNode):
            tree = tree.data[:128].decode("latin-1")
        return self.care(tree) if isinstance(tree, str) and len(tree) <= 128 else PUBLIC


# --- where a secret stands in a text ---------------------------------------------------------------------------------


class _Spot(NamedTuple):
    """A secret at `[start:end]` of a text; `spelling` is how it is written there."""

    start: int
    end: int
    spelling: str = ""


# Each starts at most once in a run of its characters, or ends at a bound: none is quadratic.
_ESCAPE_RE: Final = re.compile(r"\\(?:u[0-9a-fA-F]{4}|[nrtbf\"\\])|%(?!40)[0-9a-fA-F]{2}")
_EMAIL_RE: Final = re.compile(r"(?<![\w.+-])[\w.+'-]{1,64}+(?:@|%40)(?:[\w-]{1,63}+\.){1,8}[^\W\d_]{2,24}")
_JWT_RE: Final = re.compile(r"(?<![\w-])eyJ[\w-]++\.[\w-]++\.[\w-]*+", re.ASCII)
_PEM_RE: Final = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(.*?)(?:-----END|\Z)", re.S)
_URL_RE: Final = re.compile(r"://[^\s:@/]{0,256}+:([^\s/\"'<>]{1,256})@")
_SCHEME_RE: Final = re.compile(r"\b(?:Bearer|Basic|Token|Digest|ApiKey)[ ]+([\w.~+/=:-]{8,}+)", re.I | re.A)
_CARD_RE: Final = re.compile(
    r"(?<![0-9A-Za-z])(?<!\d\.)(?:\d{13,19}|\d{4}([ -])\d{4,6}\1\d{4,5}(?:\1\d{1,4}){0,2})(?![0-9A-Za-z])",
    re.ASCII,
)
_KEY_PREFIX: Final = (
    r"(?:AKIA|ASIA|gh[pousr]_|github_pat_|[sr]k_(?:live|test)_|whsec_|xox[abeoprs]-|AIza|glpat-|npm_|pypi-"
    r"|hf_|sk-(?:ant-|proj-)?|ya29\.|SG\.|dop_v1_|shpat_)"
)
_KEY_RE: Final = re.compile(rf"(?<![A-Za-z0-9]){_KEY_PREFIX}([\w.-]{{10,255}}+)", re.ASCII)
_PREFIX_RE: Final = re.compile(
    rf"\s*(?i:(?:Bearer|(Basic)|Token|Digest|ApiKey|Negotiate|AWS4-HMAC-SHA256) +)?"
    rf"(?:{_KEY_PREFIX}(?=[\w.-]{{10,255}}\s*\Z))?",
    re.ASCII,
)

_NAME: Final = r"(?<![\w.-])[A-Za-z_][\w.\-\[\]%]{0,63}+"
_PAIR_RE: Final = re.compile(rf"({_NAME})\\*[\"']?[ \t]*(=>|=(?!=)|:)[ \t]*")
_QUOTED_RE: Final = re.compile(r'"((?:[^"\\]|\\.)*+)|\'((?:[^\'\\]|\\.)*+)|\\+["\']([^"\'\\]*+)', re.S)
_BARE_RE: Final = re.compile(r"(?:(?:Bearer|Basic|Token|Digest) +)?([^\s&;\"<>\\]*+)", re.I)
_HEADER_RE: Final = re.compile(r"(?<=\n)[\w-]+:[ \t]*([^\r\n]*+)(?=\r\n)", re.ASCII)
_SPACE_RE: Final = re.compile(r"\s")
_JSON_RE: Final = re.compile(r"\s*(?:\{\s*[\"}]|\[\s*[\"{\[])")
_NAMED_RES: Final = (
    # (hint, pattern of a name and its value): multipart fields, HTML inputs, XML elements.
    (
        'name="',
        re.compile(
            r'\bname="([^"\r\n]{1,128})"[^\r\n]{0,200}\r?\n(?:[^\r\n]{1,200}\r?\n){0,4}\r?\n'
            r"(.*?)(?=\r?\n--|\Z)",
            re.S,
        ),
    ),
    ('value="', re.compile(r'\bname="([^"<>]{1,128})"[^<>]{0,200}?\bvalue="([^"<>]*+)')),
    ("</", re.compile(r"<([A-Za-z_][\w:.-]{0,63}+)(?:\s[^<>]{0,200}+)?>([^<>]++)</")),
)
_JSON_TOKEN_RE: Final = re.compile(r'"((?:[^"\\]|\\.)*+)(?:"|\\?\Z)|[{}\[\]:,]|[^\s{}\[\]:,"]++', re.S)
_NUMBER_RE: Final = re.compile(r"-?\d[\d.eE+-]*")
_COOKIE_RE: Final = re.compile(r"(?:^|[;,])\s*([^=;,\s]+)=\"?([^;\"]*)")
_MOMENT_RE: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d[\d:.,Z+ -]*")


def _is_worth(value: str) -> bool:
    """Whether a bare value can be a secret: no empty text, no literal, no number of one or two digits."""
    if value in ("", "null", "None", "true", "false", "True", "False", "NaN", "undefined"):
        return False
    return not (value.lstrip("-").isdigit() and len(value.lstrip("-")) < 3) and not _MOMENT_RE.fullmatch(value)


def _spots_by_form(text: str) -> Iterator[_Spot]:
    """What is secret by its own form, whatever its name."""
    # A letter of an escape (`\\nbob@...`, `%20bob@...`) is no part of what follows it.
    if "\\" in text or "%" in text:
        text = _ESCAPE_RE.sub(lambda match: " " * len(match[0]), text)
    if "@" in text or "%40" in text:
        for match in _EMAIL_RE.finditer(text):
            yield _Spot(*match.span(), "percent" if "%40" in match[0] else "")
        yield from (_Spot(*match.span(1)) for match in _URL_RE.finditer(text))
    if "eyJ" in text:
        yield from (_Spot(*match.span()) for match in _JWT_RE.finditer(text))
    if "PRIVATE KEY" in text:
        yield from (_Spot(*match.span(1), "json") for match in _PEM_RE.finditer(text))
    if len(text) >= 13:
        yield from (_Spot(*match.span(1)) for match in _KEY_RE.finditer(text))
        yield from (spot for match in _SCHEME_RE.finditer(text) for spot in _scheme_spot(match))
        yield from (spot for match in _CARD_RE.finditer(text) for spot in _card_spot(match))


def _scheme_spot(match: re.Match[str]) -> Iterator[_Spot]:
    """Tells `Basic dXNlcjpwdw==` from `basic understanding`."""
    value = match[1]
    if any(map(str.isdigit, value)) or value.endswith("=") or not (value.islower() or value.istitle()):
        prefix = _PREFIX_RE.match(match[0])
        assert prefix is not None, "every part of it is optional"
        yield _Spot(match.start() + prefix.end(), match.end(), "basic" if prefix[1] else "")


def _card_spot(match: re.Match[str]) -> Iterator[_Spot]:
    """The card number, without the groups of other digits that may follow it."""
    number = match[0]
    while len(number) >= 13:
        if is_card_number(number):
            yield _Spot(match.start(), match.start() + len(number))
            return
        number = number.rpartition(match[1])[0] if match[1] else ""


def spots_under_name(text: str, names: Names, care: int) -> Iterable[_Spot]:
    """What is secret in a text that stands under a sensitive name; schemes, prefixes and structure are kept."""
    if _JSON_RE.match(text) and (spots := list(_spots_in_json(text, names, care))):
        return spots
    if care == _COOKIES and "=" in text:
        pairs = _COOKIE_RE.finditer(text)
        return [_bare_spot(text, *match.span(2)) for match in pairs if match[1].lower() not in _COOKIE_ATTRIBUTES]
    prefix = _PREFIX_RE.match(text)
    assert prefix is not None, "every part of it is optional"
    spot = _Spot(prefix.end(), len(text.rstrip()), "basic" if prefix[1] else "")
    return [spot] if _is_worth(text[spot.start : spot.end]) else []


def _bare_spot(text: str, start: int, end: int, *, form: bool = False) -> _Spot:
    if form and "+" in text[start:end]:
        return _Spot(start, end, "form")
    return _Spot(start, end, "percent" if "%" in text[start:end] else "")


def _spots_in_json(text: str, names: Names, care: int = PUBLIC) -> Iterator[_Spot]:
    """The values under sensitive names in JSON: whole, cut off by a byte budget, or many documents in a row.

    A scan for tokens, not a parse: it needs the places, and a document that was cut must not get away.
    """
    stack: list[tuple[bool, int]] = []
    in_object, inherited, here, at_key = False, care, care, False
    for match in _JSON_TOKEN_RE.finditer(text):
        mark = text[match.start()]
        if mark in "{[":
            stack.append((in_object, inherited))
            in_object, inherited, at_key = mark == "{", here, mark == "{"
        elif mark in "}]":
            in_object, inherited = stack.pop() if stack else (False, care)
            here, at_key = inherited, False
        elif mark == ",":
            here, at_key = inherited, in_object
        elif mark == '"' and at_key:
            here, at_key = max(inherited, names.care(_unescape(match[1]))), False
        elif mark == '"':
            yield from _spots_in_json_string(text, match, names, here)
        elif here and _NUMBER_RE.fullmatch(match[0]) and _is_worth(match[0]):
            yield _Spot(*match.span())


def _unescape(raw: str) -> str:
    if "\\" not in raw or len(raw) > 128:
        return raw[:128]
    return respell(raw, "json", str)[0]


def _spots_in_json_string(text: str, match: re.Match[str], names: Names, care: int) -> Iterator[_Spot]:
    start, end = match.span(1)
    if care == PUBLIC:
        yield from _spots_in_pairs(text, names, start, end)
    elif "\\" in match[1]:
        yield _Spot(start, end, "json")
    else:
        spots = spots_under_name(match[1], names, care)
        yield from (_Spot(start + spot.start, start + spot.end, spot.spelling) for spot in spots)


def _spots_in_pairs(text: str, names: Names, start: int, end: int) -> Iterator[_Spot]:
    """The values after sensitive names: forms, queries, cookies, header lines, SQL, logs, `repr` of dicts."""
    is_form = _SPACE_RE.search(text, start, end) is None
    if is_form and (query := text.find("?", start, end)) >= 0 and (fragment := text.find("#", query, end)) >= 0:
        yield from _spots_in_range(text, names, start, fragment, is_form)
        start = fragment + 1
    yield from _spots_in_range(text, names, start, end, is_form)


def _spots_in_range(text: str, names: Names, start: int, end: int, is_form: bool) -> Iterator[_Spot]:
    while match := _PAIR_RE.search(text, start, end):
        start = match.end()
        if care := names.care(match[1]):
            for spot in _spots_of_pair(text, match, end, names, care, is_form):
                yield spot
                start = max(start, spot.end)


def _spots_of_pair(
    text: str, match: re.Match[str], end: int, names: Names, care: int, is_form: bool
) -> Iterator[_Spot]:
    start = match.end()
    if quoted := _QUOTED_RE.match(text, start, end):
        span = quoted.span(quoted.lastindex or 0)
        yield _Spot(*span, "json" if "\\" in text[span[0] : span[1]] else "")
    elif match[2] == ":" and (line := _HEADER_RE.match(text, match.start(), end)):
        spots = spots_under_name(line[1], names, care)
        yield from (_Spot(line.start(1) + spot.start, line.start(1) + spot.end, spot.spelling) for spot in spots)
    elif bare := _BARE_RE.match(text, start, end):
        value = bare[1] if is_form and match[2] == "=" else bare[1].rstrip(",.)]}'")
        # `password: required` in a message is prose.
        prose = match[2] == ":" and len(value) < 12 and not any(map(str.isdigit, value))
        if not prose and _is_worth(value) and not _is_placeholder(value, match[1], names):
            yield _bare_spot(text, bare.start(1), bare.start(1) + len(value), form=is_form)


_PLACEHOLDER_RE: Final = re.compile(r"\?\d{0,2}|%s|%\(\w+\)s|\$\d{1,2}|:([A-Za-z_]\w*)")


def _is_placeholder(value: str, name: str, names: Names) -> bool:
    """Whether a value is the mark of an SQL parameter; a named one must bear the column's or another sensitive name."""
    match = _PLACEHOLDER_RE.fullmatch(value)
    return match is not None and (match[1] is None or match[1] == name or names.care(match[1]) != PUBLIC)


def spots_in_text(text: str, names: Names) -> Iterator[_Spot]:
    """Everything secret in a text that stands under an innocent name."""
    yield from _spots_by_form(text)
    if _JSON_RE.match(text):
        yield from _spots_in_json(text, names)
    elif "=" in text or ":" in text:
        yield from _spots_in_pairs(text, names, 0, len(text))
    for hint, pattern in _NAMED_RES:
        if hint in text:
            for match in pattern.finditer(text):
                if names.care(match[1]) and _is_worth(match[2]):
                    yield _Spot(*match.span(2))
