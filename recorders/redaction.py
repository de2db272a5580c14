"""This file is about redaction: no secret of a trace reaches a disk.

All trees of one trace are redacted together, in two passes: find what is secret, by the name it stands under or by its
own form; then replace it where it was found, wherever a leaf equals it (6 characters or more) and wherever a longer
text or bytes contain it (8 or more), also in its JSON, percent, hexadecimal and base64 spellings. A replacement always
has the length of what it replaces (see `pseudonyms`), so documents keep their layout and offsets.

**Names** are split into lower-case words (`HTTP_X_API_KEY`, `apiKey`, `x-api-key`). Sensitive is a name with

- a secret word anywhere (`password`, `token`, `cookie`, ...), or a word that ends in one (`csrfmiddlewaretoken`);
- a secret pair of adjacent words anywhere: `api key`, `session id`, `card number`, ...; a bare `key` is not sensitive;
- an ambiguous word at the end: `auth`, `card`, `pin`, `pan`, `pass`, ... (`auth_user`, `map_pin_color` are not);

unless the last word says that it only describes one (`token_type`, `page_token_count`, `password_changed_at`), the
first that it asks or counts (`has_password`, `max_tokens`), or the token is a cursor (`next_page_token`). Whole words:
`author`, `passenger`, `tokenizer_name`, `keyboard`, `monkey`, `primary_key` are not sensitive.

**Under a sensitive name** every leaf is secret, except None, booleans, integers of one or two digits (versions, flags,
counts: no secret has a hundred values), dates and times, and members of enumerations. Keys inside stay. A value that
is itself a sensitive name (`{"grant": "password"}`) is replaced only where it stands: as a word it is everywhere.

Not found, knowingly: a secret under an innocent name and of no known form; positional SQL parameters and literals
without a column name next to them; secrets inside compressed or encrypted bytes.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple

from .pseudonyms import Pseudonyms, is_card_number, respell, spellings
from .value_tree import (
    AnchorNode,
    BytesNode,
    DictNode,
    EnumNode,
    FrozenSetNode,
    ListNode,
    ObjectNode,
    OpaqueNode,
    RefNode,
    SetNode,
    StandardNode,
    Tree,
    TupleNode,
    children,
)

DEPTH_LIMIT: Final = 220
"""Trees are built at most 200 deep; what lies deeper becomes an opaque mark, because it is not looked at."""

# --- names ---------------------------------------------------------------------------------------------------------


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_WORD_RE: Final = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
_WORDS: Final = _set(
    "password passwords passwd pwd passphrase passcode secret secrets token tokens apikey accesskey credential"
    " credentials creds authorization cookie cookies cvv cvc iban ssn otp totp csrf xsrf signature jwt"
)
_WORD_ENDS: Final = (
    *("password", "passwd", "passphrase", "secret", "token", "apikey", "sessionid", "sessid", "credentials"),
    *("privatekey", "secretkey", "accesskey", "cardnumber", "creditcard", "authorization", "setcookie"),
)
_PAIRS: Final = frozenset(
    {(word, "key") for word in _set("api access secret private signing encryption master session ssh license hmac")}
    | {(word, "number") for word in ("card", "account", "pan")}
    | {(word, "code") for word in _set("security verification pin backup recovery auth")}
    | {(word, "codes") for word in ("backup", "recovery")}
    | {("auth", word) for word in _set("header hash key data value")}
    | {("card", "no"), ("card", "num"), ("session", "id"), ("social", "security"), ("one", "time"), ("user", "hash")}
)
_LAST_WORDS: Final = frozenset({"auth", "oauth", "authentication", "card", "pin", "pan", "sid", "sig", "pass"})
_DESCRIBING: Final = _set(
    "count counts total length len size type types kind name names expires expiry expiration expired expire at ttl age"
    " lifetime policy policies required enabled disabled valid invalid url uri endpoint path domain limit limits usage"
    " index status state scheme method methods field fields label strength version format algorithm alg backend"
    " provider handler manager class file prefix suffix date time timestamp seconds minutes days attempts retries"
    " changed updated created rotated used scope scopes issuer audience consent banner secure httponly samesite error"
    " errors message template form validators hashers bucket brand"
)
_ASKING: Final = _set(
    "is has can should requires use num n max min total count prompt completion input output cached remaining"
)
_CURSORS: Final = frozenset({"page", "next", "continuation", "previous", "prev"})
_COOKIE_WORDS: Final = frozenset({"cookie", "cookies", "setcookie"})
_COOKIE_ATTRIBUTES: Final = frozenset({"path", "domain", "expires", "max-age", "samesite", "version", "priority"})


def _words(name: str) -> tuple[str, ...]:
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
        or any(word in _WORDS or word.endswith(_WORD_ENDS) for word in spoken)
        or any(pair in _PAIRS for pair in pairwise(spoken))
    )


_PUBLIC, _SECRET, _COOKIES = range(3)
"""What a name says of the leaves below it; the leaves of cookies may be whole `name=value; ...` lines."""


class _Names:
    """The judgement of names, with what the configuration adds and takes away."""

    def __init__(self, names: Iterable[str], keep: Iterable[str]) -> None:
        self._extra = [words for words in map(_words, names) if words]
        self._keep = {_words(name) for name in keep}
        # Names come from the traffic: the cache is bounded.
        self.care: Callable[[str], int] = lru_cache(8192)(self._care)

    def _care(self, name: str) -> int:
        if name.startswith("secrets."):  # the standard module: `secrets.choice` makes no secret
            name = name.removeprefix("secrets.")
        words = _words(name[:128])
        if words in self._keep or not (self._is_extra(words) or _is_sensitive(words)):
            return _PUBLIC
        return _COOKIES if _COOKIE_WORDS.intersection(words) else _SECRET

    def _is_extra(self, words: tuple[str, ...]) -> bool:
        return any(
            words[at : at + len(extra)] == extra for extra in self._extra for at in range(len(words) - len(extra) + 1)
        )

    def of(self, tree: Tree) -> int:
        """The care that a dict key or the first of a pair asks for."""
        if isinstance(tree, BytesNode):
            tree = tree.data[:128].decode("latin-1")
        return self.care(tree) if isinstance(tree, str) and len(tree) <= 128 else _PUBLIC


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


def _spots_under_name(text: str, names: _Names, care: int) -> Iterable[_Spot]:
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


def _spots_in_json(text: str, names: _Names, care: int = _PUBLIC) -> Iterator[_Spot]:
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


def _spots_in_json_string(text: str, match: re.Match[str], names: _Names, care: int) -> Iterator[_Spot]:
    start, end = match.span(1)
    if care == _PUBLIC:
        yield from _spots_in_pairs(text, names, start, end)
    elif "\\" in match[1]:
        yield _Spot(start, end, "json")
    else:
        spots = _spots_under_name(match[1], names, care)
        yield from (_Spot(start + spot.start, start + spot.end, spot.spelling) for spot in spots)


def _spots_in_pairs(text: str, names: _Names, start: int, end: int) -> Iterator[_Spot]:
    """The values after sensitive names: forms, queries, cookies, header lines, SQL, logs, `repr` of dicts."""
    is_form = _SPACE_RE.search(text, start, end) is None
    if is_form and (query := text.find("?", start, end)) >= 0 and (fragment := text.find("#", query, end)) >= 0:
        yield from _spots_in_range(text, names, start, fragment, is_form)
        start = fragment + 1
    yield from _spots_in_range(text, names, start, end, is_form)


def _spots_in_range(text: str, names: _Names, start: int, end: int, is_form: bool) -> Iterator[_Spot]:
    while match := _PAIR_RE.search(text, start, end):
        start = match.end()
        if care := names.care(match[1]):
            for spot in _spots_of_pair(text, match, end, names, care, is_form):
                yield spot
                start = max(start, spot.end)


def _spots_of_pair(
    text: str, match: re.Match[str], end: int, names: _Names, care: int, is_form: bool
) -> Iterator[_Spot]:
    start = match.end()
    if quoted := _QUOTED_RE.match(text, start, end):
        span = quoted.span(quoted.lastindex or 0)
        yield _Spot(*span, "json" if "\\" in text[span[0] : span[1]] else "")
    elif match[2] == ":" and (line := _HEADER_RE.match(text, match.start(), end)):
        spots = _spots_under_name(line[1], names, care)
        yield from (_Spot(line.start(1) + spot.start, line.start(1) + spot.end, spot.spelling) for spot in spots)
    elif bare := _BARE_RE.match(text, start, end):
        value = bare[1] if is_form and match[2] == "=" else bare[1].rstrip(",.)]}'")
        # `password: required` in a message is prose.
        prose = match[2] == ":" and len(value) < 12 and not any(map(str.isdigit, value))
        if not prose and _is_worth(value) and not _is_placeholder(value, match[1], names):
            yield _bare_spot(text, bare.start(1), bare.start(1) + len(value), form=is_form)


_PLACEHOLDER_RE: Final = re.compile(r"\?\d{0,2}|%s|%\(\w+\)s|\$\d{1,2}|:([A-Za-z_]\w*)")


def _is_placeholder(value: str, name: str, names: _Names) -> bool:
    """Whether a value is the mark of an SQL parameter; a named one must bear the column's or another sensitive name."""
    match = _PLACEHOLDER_RE.fullmatch(value)
    return match is not None and (match[1] is None or match[1] == name or names.care(match[1]) != _PUBLIC)


def _spots_in_text(text: str, names: _Names) -> Iterator[_Spot]:
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


# --- the secrets of one trace ----------------------------------------------------------------------------------------

_MIN_EQUAL: Final = 6
_MIN_INSIDE: Final = 8
_FEW: Final = 32
_WORD_VALUE_RE: Final = re.compile(r"[A-Za-z _-]{1,40}")
_VOCABULARY: Final = _WORDS | _set("access refresh client id api key code bearer basic digest session auth")
_Patch = tuple[int, int, str]


class _Known:
    """The secrets found so far, and their replacements."""

    def __init__(self, pseudonyms: Pseudonyms) -> None:
        self._pseudonyms = pseudonyms
        self.exact: dict[str, str] = {}
        self._inside: dict[str, str] = {}
        self._index: dict[str, list[int]] = {}

    def replacement(self, raw: str, spelling: str) -> str:
        """What to write for a secret that is written `raw`; remembers it."""
        if spelling == "basic":
            return self._basic(raw)
        if not spelling:
            replaced = self._pseudonyms.text(raw)
            self.add(raw, replaced)
            return replaced
        plain, written = respell(raw, spelling, self._pseudonyms.text)
        self.add(plain, self._pseudonyms.text(plain))
        self._put(raw, written)
        return written

    def _basic(self, raw: str) -> str:
        """RFC 7617: base64 of `user:password`, each replaced by itself, so that a comparison still replays."""
        try:
            said = base64.b64decode(raw + "=" * (-len(raw) % 4), validate=True).decode()
        except (binascii.Error, ValueError):
            return self.replacement(raw, "")
        replaced = ":".join(self.replacement(part, "") for part in said.split(":", 1))
        written = base64.b64encode(replaced.encode("utf-8", "surrogatepass")).decode("ascii").rstrip("=")
        written = written.ljust(len(raw), "=")
        self._put(raw, written)
        return written

    def add(self, plain: str, replaced: str) -> None:
        """Replace a secret from now on, in all its spellings; a word of the vocabulary of secrets is none."""
        if plain == replaced or (_WORD_VALUE_RE.fullmatch(plain) and _VOCABULARY.issuperset(_words(plain))):
            return
        self._put(plain, replaced)
        if len(plain) >= _MIN_INSIDE and plain in self._inside:
            for one, other in spellings(plain, replaced):
                self._put(one, other)

    def _put(self, text: str, replaced: str) -> None:
        if len(text) >= _MIN_EQUAL and text != replaced and len(text) == len(replaced):
            self.exact.setdefault(text, replaced)
            if len(text) >= _MIN_INSIDE:
                self._inside.setdefault(text, replaced)

    def patches(self, text: str) -> list[_Patch]:
        """Where known secrets stand in a text, the longest last."""
        if len(text) < _MIN_INSIDE:
            return [(0, len(text), self.exact[text])] if text in self.exact else []
        found = self._search_each(text) if len(self._inside) <= _FEW else self._search_all(text)
        return sorted(found, key=lambda patch: len(patch[2]))

    def _search_each(self, text: str) -> Iterator[_Patch]:
        for secret, replaced in self._inside.items():
            at = text.find(secret)
            while at >= 0:
                yield at, at + len(secret), replaced
                at = text.find(secret, at + len(secret))

    def _search_all(self, text: str) -> Iterator[_Patch]:
        """One pass, by the first characters: the cost does not grow with the number of secrets."""
        if not self._index:
            for secret in sorted(self._inside, key=len, reverse=True):
                sizes = self._index.setdefault(secret[:_MIN_INSIDE], [])
                if len(secret) not in sizes[-1:]:
                    sizes.append(len(secret))
        at, last = 0, len(text) - _MIN_INSIDE
        while at <= last:
            step = 1
            for size in self._index.get(text[at : at + _MIN_INSIDE], ()):
                if replaced := self._inside.get(text[at : at + size]):
                    yield at, at + size, replaced
                    step = size
                    break
            at += step


def _paint(text: str, patches: Iterable[_Patch]) -> str:
    """The text with every patch laid over it, later ones on top; lengths never change."""
    chars = list(text)
    for start, end, replaced in patches:
        chars[start:end] = replaced
    return "".join(chars)


_CONTROL_RE: Final = re.compile(r"[\x00-\x08\x0e-\x1f]")
_REPLACED_KINDS: Final = frozenset({"decimal", "uuid", "int", "path"})


def _decode(data: bytes) -> tuple[str, str]:
    """The bytes as text, and the encoding that gives them back: Latin-1 for what is no text at all."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1"), "latin-1"
    return (data.decode("latin-1"), "latin-1") if _CONTROL_RE.search(text) else (text, "utf-8")


class _Trace:
    """The two passes over the trees of one trace: `collect` all of them, then `replace` each."""

    def __init__(self, pseudonyms: Pseudonyms, names: _Names) -> None:
        self._pseudonyms = pseudonyms
        self._names = names
        self._known = _Known(pseudonyms)
        self._found: dict[tuple[str, int], list[_Patch]] = {}
        self.replaced = 0

    def collect(self, tree: Tree, care: int) -> dict[int, int]:
        """Find the secrets of a tree. Returns the care for each anchor that a sensitive name refers to."""
        anchors: dict[int, Tree] = {}
        cares: dict[int, int] = {}
        stack = [(tree, care)]
        while stack:
            part, care = stack.pop()
            if isinstance(part, AnchorNode):
                anchors[part.number] = part.value
            if isinstance(part, RefNode) and care > cares.get(part.number, _PUBLIC):
                cares[part.number] = care
            self._collect_leaf(part, care)
            stack.extend(self._parts(part, care))
            if not stack:  # all anchors are known now: look again below those that a sensitive name shares
                stack = [(anchors.pop(number), cares[number]) for number in cares if number in anchors]
        return cares

    def _collect_leaf(self, tree: Tree, care: int) -> None:
        if isinstance(tree, str):
            self._collect_text(tree, care)
        elif isinstance(tree, BytesNode):
            text, encoding = _decode(tree.data)
            if care and encoding == "latin-1":
                self._collect_binary(tree.data, text, care)
            else:
                self._collect_text(text, care)
        elif isinstance(tree, int | float) and self._is_secret_number(tree, care):
            text = str(tree)
            self._known.add(text, self._pseudonyms.text(text))

    def _is_secret_number(self, value: float, care: int) -> bool:
        if isinstance(value, bool):
            return False
        if isinstance(value, int):
            return abs(value) >= 100 if care else abs(value) >= 10**12 and is_card_number(str(value))
        return bool(care)

    def _collect_text(self, text: str, care: int) -> None:
        if (text, care) in self._found or (not care and len(text) < _MIN_EQUAL):
            return
        spots = _spots_under_name(text, self._names, care) if care else _spots_in_text(text, self._names)
        self._found[text, care] = [
            (start, end, self._known.replacement(text[start:end], spelling))
            for start, end, spelling in spots
            if start < end
        ]

    def _collect_binary(self, data: bytes, text: str, care: int) -> None:
        replaced = self._pseudonyms.binary(data)
        self._known.add(text, replaced.decode("latin-1"))
        self._known.add(data.hex(), replaced.hex())
        self._found[text, care] = [(0, len(text), replaced.decode("latin-1"))]

    def _parts(self, tree: Tree, care: int) -> list[tuple[Tree, int]]:
        """The direct parts of a tree, in the order of `children`, each with the care it asks for."""
        match tree:
            case DictNode(keys=keys, values=values):
                cares = [max(care, self._names.of(key)) for key in keys]
                if "value" in keys and "name" in keys:  # {"name": "password", "value": "..."}
                    at = keys.index("value")
                    cares[at] = max(cares[at], self._names.of(values[keys.index("name")]))
                return [*((key, _PUBLIC) for key in keys), *zip(values, cares, strict=True)]
            case TupleNode(items=[name, value]) | ListNode(items=[BytesNode() as name, value]):  # a header
                return [(name, care), (value, max(care, self._names.of(name)))]
            case ObjectNode(content=content, names=names, values=values):
                cares = [max(care, self._names.care(name)) for name in names]
                return [(content, care), *zip(values, cares, strict=True)]
            case StandardNode(kind=kind):
                care = care if kind in _REPLACED_KINDS else _PUBLIC
            case EnumNode():
                care = _PUBLIC
        return [(part, care) for part in children(tree)]

    def replace(self, tree: Tree, care: int, cares: dict[int, int], depth: int = 0) -> Tree:
        """The tree without its secrets; the same object when it has none."""
        if isinstance(tree, str | BytesNode | int | float):
            redacted = self._replace_leaf(tree, care)
            self.replaced += redacted is not tree
            return redacted
        if isinstance(tree, AnchorNode):
            care = max(care, cares.get(tree.number, _PUBLIC))
        parts = self._parts(tree, care)
        if not parts:
            return tree
        if depth >= DEPTH_LIMIT:
            return OpaqueNode(type(tree).__name__, "it lies too deep to be redacted")
        replaced = [self.replace(part, part_care, cares, depth + 1) for part, part_care in parts]
        if all(new is old for new, (old, _) in zip(replaced, parts, strict=True)):
            return tree
        return _rebuild(tree, replaced)

    def _replace_leaf(self, tree: str | BytesNode | float, care: int) -> Tree:
        if isinstance(tree, str):
            return self._replace_text(tree, care)
        if isinstance(tree, BytesNode):
            text, encoding = _decode(tree.data)
            replaced = self._replace_text(text, care)
            return tree if replaced is text else BytesNode(replaced.encode(encoding, "replace"))
        if isinstance(tree, bool):
            return tree
        if self._is_secret_number(tree, care) or str(tree) in self._known.exact:
            other = self._pseudonyms.integer(tree) if isinstance(tree, int) else self._pseudonyms.floating(tree)
            return tree if other == tree else other
        return tree

    def _replace_text(self, text: str, care: int) -> str:
        patches = [*self._found.get((text, care), ()), *self._known.patches(text)]
        if not patches:
            return text
        replaced = _paint(text, patches)
        return text if replaced == text else replaced


def _rebuild(tree: Tree, parts: list[Tree]) -> Tree:
    """The tree with other parts, given in the order of `children`."""
    match tree:
        case ListNode() | TupleNode() | SetNode() | FrozenSetNode():
            return type(tree)(parts)
        case DictNode(keys=keys):
            return DictNode(parts[: len(keys)], parts[len(keys) :])
        case ObjectNode():
            return ObjectNode(tree.cls, parts[0], tree.names, parts[1:])
        case StandardNode():
            return StandardNode(tree.kind, parts)
        case EnumNode():
            return EnumNode(tree.cls, tree.name, parts[0])
        case AnchorNode():
            return AnchorNode(tree.number, parts[0])
        case _:
            return tree


class Redactor:
    """Redaction with one key, for one recording session; the key is random and never stored.

    `names` are further sensitive names, matched as whole words inside a name; `keep` are names never taken for
    sensitive, matched as a whole. Both in any case and with any separators.
    """

    def __init__(self, key: bytes, *, names: Sequence[str] = (), keep: Sequence[str] = ()) -> None:
        self._pseudonyms = Pseudonyms(key)
        self._names = _Names(names, keep)

    def is_sensitive(self, name: str) -> bool:
        """Whether values under the name are secret."""
        return self._names.care(name) != _PUBLIC

    def redact(self, trees: Sequence[tuple[str, Tree]]) -> tuple[list[Tree], int]:
        """The trees of one trace without their secrets, in the same order, and the number of values replaced.

        Each comes with the name of its context (`"HTTP_AUTHORIZATION"`, `"environ.API_KEY"`, `""` for none). A tree
        without a secret is returned itself. Linear in the size of the trees; never raises.
        """
        trace = _Trace(self._pseudonyms, self._names)
        cares = [self._names.care(name) for name, _ in trees]
        anchored = [trace.collect(tree, care) for (_, tree), care in zip(trees, cares, strict=True)]
        redacted = [
            trace.replace(tree, care, anchors) for (_, tree), care, anchors in zip(trees, cares, anchored, strict=True)
        ]
        return redacted, trace.replaced
