"""Where a secret stands in a text: by names in its structure (JSON, forms, cookies, headers, SQL, XML), or by form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from .secret_patterns import PREFIX_RE, Spot, spots_by_form
from .sensitive_names import COOKIE_ATTRIBUTES, COOKIES, KEPT, PUBLIC, SECRET, TOKEN, Names, combined, is_random
from .spellings import respell

_KEPT_VALUE: Final = "kept"
"""Spelling of a spot that is no secret: a name that is never taken for sensitive stands before it."""

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
        "form-data",
        re.compile(
            r'^Content-Disposition:[ \t]*form-data;[^\r\n]{0,200}?\bname="([^"\r\n]{1,128})"[^\r\n]{0,200}\r?\n'
            r"(?:[^\r\n]{1,200}\r?\n){0,4}\r?\n(.*?)(?=\r?\n--|\Z)",
            re.S | re.M | re.I,
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


def spots_under_name(text: str, names: Names, care: int) -> Iterable[Spot]:
    """What is secret in a text that stands under a sensitive name; schemes, prefixes and structure are kept."""
    if care == TOKEN and not is_random(text):
        return spots_in_text(text, names)
    if _JSON_RE.match(text) and (spots := list(_spots_in_json(text, names, care))):
        return [spot for spot in spots if spot.spelling != _KEPT_VALUE]
    if care == COOKIES and "=" in text:
        pairs = (match for match in _COOKIE_RE.finditer(text) if match[1].lower() not in COOKIE_ATTRIBUTES)
        return [_bare_spot(text, *match.span(2)) for match in pairs if names.care(match[1]) != KEPT]
    prefix = PREFIX_RE.match(text)
    assert prefix is not None, "every part of it is optional"
    spot = Spot(prefix.end(), len(text.rstrip()), "basic" if prefix[1] else "")
    return [spot] if _is_worth(text[spot.start : spot.end]) else []


def _bare_spot(text: str, start: int, end: int, *, form: bool = False) -> Spot:
    if form and "+" in text[start:end]:
        return Spot(start, end, "form")
    return Spot(start, end, "percent" if "%" in text[start:end] else "")


def _spots_in_json(text: str, names: Names, care: int = PUBLIC) -> Iterator[Spot]:
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
            here, at_key = combined(inherited, names.care(_unescape(match[1]))), False
        elif mark == '"':
            yield from _spots_in_json_string(text, match, names, here)
        elif here > PUBLIC and _NUMBER_RE.fullmatch(match[0]) and _is_worth(match[0]):
            yield Spot(*match.span())


def _unescape(raw: str) -> str:
    if "\\" not in raw or len(raw) > 128:
        return raw[:128]
    return respell(raw, "json", str)[0]


def _spots_in_json_string(text: str, match: re.Match[str], names: Names, care: int) -> Iterator[Spot]:
    start, end = match.span(1)
    if care == KEPT:
        yield Spot(start, end, _KEPT_VALUE)
    care = SECRET if care == TOKEN else care  # what is sent as a token is one
    if care <= PUBLIC:
        yield from _spots_in_pairs(text, names, start, end)
    elif "\\" in match[1]:
        yield Spot(start, end, "json")
    else:
        spots = spots_under_name(match[1], names, care)
        yield from (Spot(start + spot.start, start + spot.end, spot.spelling) for spot in spots)


def _spots_in_pairs(text: str, names: Names, start: int, end: int) -> Iterator[Spot]:
    """The values after sensitive names: forms, queries, cookies, header lines, SQL, logs, `repr` of dicts."""
    is_form = _SPACE_RE.search(text, start, end) is None
    if is_form and (query := text.find("?", start, end)) >= 0 and (fragment := text.find("#", query, end)) >= 0:
        yield from _spots_in_range(text, names, start, fragment, is_form)
        start = fragment + 1
    yield from _spots_in_range(text, names, start, end, is_form)


def _spots_in_range(text: str, names: Names, start: int, end: int, is_form: bool) -> Iterator[Spot]:
    while match := _PAIR_RE.search(text, start, end):
        start = match.end()
        if care := names.care(match[1]):
            for spot in _spots_of_pair(text, match, end, names, abs(care), is_form):
                if care == KEPT:
                    yield Spot(spot.start, spot.end, _KEPT_VALUE)
                else:
                    yield spot
                    start = max(start, spot.end)


def _spots_of_pair(text: str, match: re.Match[str], end: int, names: Names, care: int, is_form: bool) -> Iterator[Spot]:
    start = match.end()
    if quoted := _QUOTED_RE.match(text, start, end):
        span = quoted.span(quoted.lastindex or 0)
        yield Spot(*span, "json" if "\\" in text[span[0] : span[1]] else "")
    elif match[2] == ":" and (line := _HEADER_RE.match(text, match.start(), end)):
        spots = spots_under_name(line[1], names, care)
        yield from (Spot(line.start(1) + spot.start, line.start(1) + spot.end, spot.spelling) for spot in spots)
    elif bare := _BARE_RE.match(text, start, end):
        value = bare[1] if is_form and match[2] == "=" else bare[1].rstrip(",.)]}'")
        # `password: required` in a message is prose.
        prose = match[2] == ":" and len(value) < 12 and not any(map(str.isdigit, value))
        if not prose and _is_worth(value) and not _is_placeholder(value, match[1], names):
            yield _bare_spot(text, bare.start(1), bare.start(1) + len(value), form=is_form)


_PLACEHOLDER_RE: Final = re.compile(
    r"(?:\?\d{0,2}|%s|%\(\w+\)s|\$\d{1,2}|:([A-Za-z_]\w*))(?:::[A-Za-z_][\w .]{0,60}(?:\[\])?)?"
)
"""A mark of a value, and the type that PostgreSQL is to take it for."""


def _is_placeholder(value: str, name: str, names: Names) -> bool:
    """Whether a value is the mark of an SQL parameter; a named one must bear the column's or another sensitive name."""
    match = _PLACEHOLDER_RE.fullmatch(value)
    return match is not None and (match[1] is None or match[1] == name or names.care(match[1]) != PUBLIC)


def spots_in_text(text: str, names: Names, care: int = PUBLIC) -> Iterator[Spot]:
    """Everything secret in a text that stands under an innocent name, or under one whose form says nothing (`KEPT`)."""
    found = list(_spots_by_name(text, names))
    kept = [spot for spot in found if spot.spelling == _KEPT_VALUE]
    if care != KEPT:
        for spot in spots_by_form(text):
            if not any(spot.start < one.end and one.start < spot.end for one in kept):
                yield spot
    yield from (spot for spot in found if spot.spelling != _KEPT_VALUE)


def _spots_by_name(text: str, names: Names) -> Iterator[Spot]:
    if _JSON_RE.match(text):
        yield from _spots_in_json(text, names)
    elif "=" in text or ":" in text:
        yield from _spots_in_pairs(text, names, 0, len(text))
    for hint, pattern in _NAMED_RES:
        if hint in text:
            for match in pattern.finditer(text):
                care = names.care(match[1])
                if care and _is_worth(match[2]):
                    yield Spot(*match.span(2), _KEPT_VALUE if care == KEPT else "")
    if _INSERT_RE.search(text):
        yield from _spots_in_inserts(text, names)


# --- literals of INSERT: the names of the columns stand far from them ------------------------------------------------

_INSERT_RE: Final = re.compile(r"\binto\s+[\w.\"`\[\]]{1,200}\s*\(([^()]{1,4000})\)\s*values\s*(?=\()", re.I)
_LITERAL_RE: Final = re.compile(r"\s*(?:[A-Za-z]?'((?:[^']|'')*+)'|([^,()']*+)(?:\([^()]*\)[^,()]*)?)\s*([,)]|\Z)")
_BARE_MARK_RE: Final = re.compile(rf"{_PLACEHOLDER_RE.pattern}|\$\d+(?:::.+)?")
"""Outside of quotes a number after a dollar is a mark, however large it is."""

_NEXT_ROW_RE: Final = re.compile(r"\s*,?\s*\(")


def _spots_in_inserts(text: str, names: Names) -> Iterator[Spot]:
    for insert in _INSERT_RE.finditer(text):
        cares = [names.care(column.strip(' "`[]\n\t')) for column in insert[1].split(",")]
        at = insert.end()
        while row := _NEXT_ROW_RE.match(text, at):
            at = row.end()
            for care in (*cares, PUBLIC):
                literal = _LITERAL_RE.match(text, at)
                if literal is None:
                    return
                at = literal.end()
                which = 1 if literal[1] is not None else 2
                mark = _PLACEHOLDER_RE if which == 1 else _BARE_MARK_RE
                if care > PUBLIC and _is_worth(literal[which]) and not mark.fullmatch(literal[which]):
                    yield Spot(*literal.span(which))
                if literal[3] == ")":
                    break
            else:
                return
