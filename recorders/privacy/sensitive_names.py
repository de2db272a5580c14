"""Names that values under them are secret by; the rule stands in `redaction`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import pairwise
from typing import Final

from ..model.value_tree import BytesNode, Tree


def word_set(words: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(words.split())


_WORD_RE: Final = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
WORDS: Final = word_set(
    "password passwords passwd pwd pw passphrase passcode secret secrets token tokens apikey accesskey credential"
    " credentials creds authorization cookie cookies cvv cvc iban ssn otp totp csrf xsrf signature jwt"
)
_WORD_ENDS: Final = (
    *("password", "passwd", "passphrase", "secret", "token", "apikey", "sessionid", "sessid", "credentials"),
    *("privatekey", "secretkey", "accesskey", "cardnumber", "creditcard", "authorization", "setcookie"),
)
_PAIRS: Final = frozenset(
    {(word, "key") for word in word_set("api access secret private signing encryption master session ssh license hmac")}
    | {(word, "number") for word in ("card", "account", "pan", "phone", "mobile", "telephone")}
    | {(word, "code") for word in word_set("security verification pin backup recovery auth")}
    | {(word, "codes") for word in ("backup", "recovery")}
    | {("auth", word) for word in word_set("header hash key data value")}
    | {("card", "no"), ("card", "num"), ("session", "id"), ("social", "security"), ("one", "time"), ("user", "hash")}
)
_LAST_WORDS: Final = frozenset(
    {"auth", "oauth", "authentication", "card", "pin", "pan", "sid", "sig", "pass", "phone", "mobile", "telephone"}
)
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
COOKIE_ATTRIBUTES: Final = frozenset({"path", "domain", "expires", "max-age", "samesite", "version", "priority"})


def words_of(name: str) -> tuple[str, ...]:
    """A name split into lower-case words."""
    words = tuple(word.lower() for word in _WORD_RE.findall(name))
    while words and words[0] in ("http", "x"):
        words = words[1:]
    return words


KEPT, PUBLIC, TOKEN, SCALAR, SECRET, COOKIES = range(-1, 5)
"""What a name says of the leaves below it.

`KEPT`: they are no secrets, whatever their form. `PUBLIC`: nothing. `TOKEN`: a scalar is secret that looks random, for
parsers have tokens too. `SCALAR`: a scalar is; an object of that name is something else (the cards of a game).
`SECRET`: all of them. `COOKIES`: all, and they may be whole `name=value; ...` lines.
"""

_TOKENS: Final = frozenset({("token",), ("tokens",)})
_RANDOM_LENGTH: Final = 16
_SHORT_RANDOM: Final = 6


def combined(outer: int, own: int) -> int:
    """What holds for a leaf under a name inside another: its own name says more."""
    return outer if own == PUBLIC else KEPT if own == KEPT else max(outer, own)


def is_random(text: str) -> bool:
    """Whether a text may be a random token, rather than a word, a short number or a sign of some language."""
    if len(text) < _SHORT_RANDOM or not any(map(str.isalnum, text)):
        return False
    if any(map(str.isdigit, text)):
        return True
    plain = text.replace("_", "").replace(" ", "").isalpha()
    return not plain or (len(text) >= _RANDOM_LENGTH and not (text.islower() or text.isupper() or " " in text))


def _care_of(words: tuple[str, ...]) -> int:
    """The rule of `redaction`."""
    spoken = tuple(word for word in words if not word.isdigit())
    if not spoken or spoken[-1] in _DESCRIBING or (len(spoken) > 1 and spoken[0] in _ASKING):
        return PUBLIC
    if spoken[-1] == "token" and _CURSORS.intersection(spoken):
        return PUBLIC
    if spoken in _TOKENS:
        return TOKEN
    if any(word in WORDS or word.endswith(_WORD_ENDS) for word in spoken):
        return SECRET
    if any(pair in _PAIRS for pair in pairwise(spoken)):
        return SECRET
    return SCALAR if spoken[-1] in _LAST_WORDS else PUBLIC


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
        if words in self._keep:
            return KEPT
        care = SECRET if self._is_extra(words) else _care_of(words)
        return COOKIES if care > PUBLIC and _COOKIE_WORDS.intersection(words) else care

    def _is_extra(self, words: tuple[str, ...]) -> bool:
        return any(
            words[at : at + len(extra)] == extra for extra in self._extra for at in range(len(words) - len(extra) + 1)
        )

    def of(self, tree: Tree) -> int:
        """The care that a dict key or the first of a pair asks for."""
        if isinstance(tree, BytesNode):
            tree = tree.data[:128].decode("latin-1")
        return self.care(tree) if isinstance(tree, str) and len(tree) <= 128 else PUBLIC
