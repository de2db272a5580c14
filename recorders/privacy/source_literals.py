"""Source text without the secrets in it, as a recording keeps it.

Literals and comments that hold a secret by form, and literals that look random under a sensitive name, are replaced
letter by letter: nothing moves, and the same text always becomes the same. So branches, whose conditions are known by
their text, and versions, which are compared by it, still meet: replays read their own source by the same rule.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from .secret_patterns import spots_by_form
from .sensitive_names import PUBLIC, Names, is_random

_NAMES: Final = Names((), ())
_FSTRING_PARTS: Final = frozenset(
    number for name in ("FSTRING_MIDDLE", "TSTRING_MIDDLE") if (number := getattr(tokenize, name, None)) is not None
)
"""From Python 3.12 and 3.14 on, the text of a formatted literal is a token of its own."""

_SKIPPED: Final = frozenset({tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.COMMENT})
_ASSIGNING: Final = frozenset({"=", ":=", "==", "!="})
_OPENING_RE: Final = re.compile(r"([A-Za-z]{0,2})(\"\"\"|'''|\"|')", re.ASCII)
# What must stay for the literal to be one: escapes (Python's lexical analysis, "Escape sequences"), and fields.
_KEPT_RE: Final = re.compile(
    r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|N\{[^}]*\}|[0-7]{1,3}|.)|\{[^{}]*\}", re.S
)
_LETTER_RE: Final = re.compile(r"[^\W\d_]")
_QUOTED_RE: Final = re.compile(r"['\"#]")


@lru_cache(1024)
def without_secrets(source: str) -> str:
    """The text of a module, or of a part of one, without secrets; of the same layout, the same where it has none."""
    if not _QUOTED_RE.search(source):
        return source
    lines = list(io.StringIO(source))
    for row, start, end in sorted(_places(source, lines), reverse=True):
        line = lines[row]
        lines[row] = line[:start] + _blanked(line[start:end]) + line[end:]
    return "".join(lines)


def _blanked(text: str) -> str:
    pieces, at = [], 0
    for kept in _KEPT_RE.finditer(text):
        pieces += [_replaced(text[at : kept.start()]), kept[0]]
        at = kept.end()
    return "".join([*pieces, _replaced(text[at:])])


def _replaced(text: str) -> str:
    return re.sub(r"\d", "0", _LETTER_RE.sub("x", text))


def _places(source: str, lines: list[str]) -> Iterator[tuple[int, int, int]]:
    """(row, first column, column behind) of what is secret."""
    before: list[tokenize.TokenInfo] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type in (tokenize.STRING, tokenize.COMMENT) or token.type in _FSTRING_PARTS:
                for start, end in _inside(token, before):
                    yield from _rows(token, start, end, lines)
            if token.type not in _SKIPPED:
                before = [*before[-5:], token]
    except (tokenize.TokenError, SyntaxError):
        return  # a part of a module that ends in the middle: what could be read has been


def _inside(token: tokenize.TokenInfo, before: list[tokenize.TokenInfo]) -> Iterator[tuple[int, int]]:
    """Where in the text of a token something is secret."""
    text = token.string
    opening = _OPENING_RE.match(text) if token.type == tokenize.STRING else None
    first, last = (opening.end(), len(text) - len(opening[2])) if opening is not None else (0, len(text))
    inner = text[first:last]
    if token.type != tokenize.COMMENT and is_random(inner) and _NAMES.care(_name_before(before)) > PUBLIC:
        yield first, last
        return
    yield from ((first + spot.start, first + spot.end) for spot in spots_by_form(inner))


def _name_before(before: list[tokenize.TokenInfo]) -> str:
    """What a literal is assigned to or compared with, or the key that it stands under; empty for neither."""
    texts = [token.string for token in before]
    if not texts:
        return ""
    if texts[-1] in _ASSIGNING and len(texts) > 1:
        annotated = len(texts) > 3 and texts[-3] == ":" and before[-2].type == tokenize.NAME
        named = before[-4] if annotated else before[-2]
        if named.string == "]" and len(texts) > 3:  # config["secret"] = ...
            named = before[-3]
        return named.string.strip("\"'") if named.type in (tokenize.NAME, tokenize.STRING) else ""
    if texts[-1] == ":" and len(texts) > 1 and before[-2].type == tokenize.STRING:
        return texts[-2].strip("\"'")
    return ""


def _rows(token: tokenize.TokenInfo, start: int, end: int, lines: list[str]) -> Iterator[tuple[int, int, int]]:
    """The part of a token from `start` to `end`, row by row."""
    row, column = token.start
    at = 0
    for part in io.StringIO(token.string):
        low, high = max(start - at, 0), min(end - at, len(part))
        if low < high and lines[row - 1][column : column + len(part)] == part:
            yield row - 1, column + low, column + high
        at += len(part)
        row, column = row + 1, 0
