"""The secrets that were found, and what stands for them wherever they occur."""

from __future__ import annotations

import base64
import binascii
import bisect
import operator
import re
from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

from ..model.value_tree import BytesNode, Tree, map_tree
from .pseudonyms import Pseudonyms
from .sensitive_names import WORDS, word_set, words_of
from .spellings import respell, spellings

NO_PSEUDONYMS: Final = Pseudonyms(b"")
"""For secrets whose replacements are known."""

MIN_EQUAL: Final = 6
_MIN_INSIDE: Final = 8
_FEW: Final = 32
_WORD_VALUE_RE: Final = re.compile(r"[A-Za-z _-]{1,40}")
_VOCABULARY: Final = WORDS | word_set("access refresh client id api key code bearer basic digest session auth")
Patch: TypeAlias = tuple[int, int, str]


class Known:
    """The secrets found so far, and their replacements."""

    def __init__(self, pseudonyms: Pseudonyms = NO_PSEUDONYMS) -> None:
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
        if plain == replaced or (_WORD_VALUE_RE.fullmatch(plain) and _VOCABULARY.issuperset(words_of(plain))):
            return
        self._put(plain, replaced)
        if len(plain) >= _MIN_INSIDE and plain in self._inside:
            for one, other in spellings(plain, replaced):
                self._put(one, other)

    def _put(self, text: str, replaced: str) -> None:
        if len(text) >= MIN_EQUAL and text != replaced and len(text) == len(replaced):
            self.exact.setdefault(text, replaced)
            if len(text) >= _MIN_INSIDE and text not in self._inside:
                self._inside[text] = replaced
                if self._index:  # it was asked for: made anew for each secret, it would cost as many as there are
                    self._add_to_index(text)

    def __bool__(self) -> bool:
        return bool(self.exact)

    def learn(self, other: Known) -> None:
        """Replace from now on what another knows."""
        for text, replaced in other.exact.items():
            self._put(text, replaced)

    def inverse(self) -> Known:
        """What gives the secrets for their replacements."""
        found = Known(self._pseudonyms)
        for text, replaced in self.exact.items():
            found._put(replaced, text)
        return found

    def text(self, text: str) -> str:
        """A text without the secrets that are known; the same object where none stands in it."""
        patches = self.patches(text)
        return paint(text, patches) if patches else text

    def tree(self, tree: Tree) -> Tree:
        """A tree without the secrets that are known; the same object where none stands in it."""
        return map_tree(tree, self._leaf)

    def _leaf(self, leaf: Tree) -> Tree:
        if isinstance(leaf, str):
            return self.text(leaf)
        if isinstance(leaf, BytesNode):
            text, encoding = decoded(leaf.data)
            replaced = self.text(text)
            return leaf if replaced is text else BytesNode(replaced.encode(encoding, "replace"))
        if isinstance(leaf, int | float) and not isinstance(leaf, bool):
            number = self.exact.get(str(leaf))
            return leaf if number is None else type(leaf)(number)
        return leaf

    def patches(self, text: str) -> list[Patch]:
        """Where known secrets stand in a text, the longest last."""
        if len(text) < _MIN_INSIDE:
            return [(0, len(text), self.exact[text])] if text in self.exact else []
        found = self._search_each(text) if len(self._inside) <= _FEW else self._search_all(text)
        return sorted(found, key=lambda patch: len(patch[2]))

    def _search_each(self, text: str) -> Iterator[Patch]:
        for secret, replaced in self._inside.items():
            at = text.find(secret)
            while at >= 0:
                yield at, at + len(secret), replaced
                at = text.find(secret, at + len(secret))

    def _search_all(self, text: str) -> Iterator[Patch]:
        """One pass, by the first characters: the cost does not grow with the number of secrets."""
        if not self._index:
            for secret in self._inside:
                self._add_to_index(secret)
        at, last = 0, len(text) - _MIN_INSIDE
        while at <= last:
            step = 1
            for size in self._index.get(text[at : at + _MIN_INSIDE], ()):
                if replaced := self._inside.get(text[at : at + size]):
                    yield at, at + size, replaced
                    step = size
                    break
            at += step

    def _add_to_index(self, secret: str) -> None:
        """Its length, among those of secrets that begin like it, the longest first."""
        sizes = self._index.setdefault(secret[:_MIN_INSIDE], [])
        if len(secret) not in sizes:
            bisect.insort(sizes, len(secret), key=operator.neg)


def paint(text: str, patches: Iterable[Patch]) -> str:
    """The text with every patch laid over it, later ones on top; lengths never change."""
    chars = list(text)
    for start, end, replaced in patches:
        chars[start:end] = replaced
    return "".join(chars)


_CONTROL_RE: Final = re.compile(r"[\x00-\x08\x0e-\x1f]")


def decoded(data: bytes) -> tuple[str, str]:
    """The bytes as text, and the encoding that gives them back: Latin-1 for what is no text at all."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1"), "latin-1"
    return (data.decode("latin-1"), "latin-1") if _CONTROL_RE.search(text) else (text, "utf-8")
