"""Texts to try: a text with other ends, words, spaces, letters, numbers or dates in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ..analyze.constants import number_in
from .numbers import stepped

ENDING_LIMIT = 8
"""Characters of a constant that is put before or after a text: an ending, a mark or a unit is short."""

WORD_LIMIT = 20
"""Characters of a constant that is put in the place of a word: longer ones are messages."""

LENGTH_LIMIT = 300
"""Items or characters of what is made longer: limits of fields (64, 100, 255) lie below, and both sides copy each
input."""


def spelled(text: str, numbers: Iterable[float]) -> Iterator[str]:
    """Where a text reads as a number: others, spelled as it is, and differently."""
    here = number_in(text)
    if here is None:
        return
    for number in numbers:
        yield from map(str, stepped(number))
    yield from ("0", "-1", "1", str(here + 1), f"-{text.lstrip('+-')}", f"+{text}", f" {text} ", f"0{text}")
    yield from (f"{text}.0", f"{text}.50", "1,234.50", "1e3", "1_000", "½", "٣")


def folded(text: str) -> Iterator[str]:
    """In other letters that may count as the same."""
    for small, other in (("ss", "ß"), ("s", "\u017f"), ("i", "\u0130"), ("k", "K"), ("e", "é"), ("o", "ö")):
        if small in text.lower():
            at = text.lower().index(small)
            if at + len(small) <= len(text):
                yield text[:at] + other + text[at + len(small) :]


def of_lengths(text: str, lengths: Iterable[int]) -> Iterator[str]:
    """As long as some numbers say, a character more, one less."""
    body = text or "x"
    for length in list(dict.fromkeys(lengths))[:12]:
        for wanted in (length, length + 1, length - 1):
            if 0 <= wanted <= LENGTH_LIMIT:
                yield (body * (wanted // len(body) + 1))[:wanted]
        yield from ("x" * length, f"{text[:3]} {'x' * length}", "é" * length)


def with_ends(text: str, changed: Iterable[str]) -> Iterator[str]:
    """With what changed lines look for, at either end and inside."""
    middle = len(text) // 2
    for end in list(dict.fromkeys(end for end in changed if 0 < len(end) <= ENDING_LIMIT))[:6]:
        yield from (text + end, end + text, text[:middle] + end + text[middle:])


def with_words(text: str, changed: Iterable[str]) -> Iterator[str]:
    """With what changed lines look for in the place of a word: the last, the first, those between."""
    words = list(_WORDS.finditer(text))
    if len(words) < 2:
        return
    places = [words[-1], words[0], words[len(words) // 2], words[-2]]
    for word in list(dict.fromkeys(word for word in changed if 0 < len(word) <= WORD_LIMIT))[:4]:
        for place in dict.fromkeys(places):
            yield text[: place.start()] + word + text[place.end() :]


_WORDS = re.compile(r"\w+")
_MARKS = re.compile(r"([^\w\s])")


def spaced(text: str) -> Iterator[str]:
    """With more white space, or less, or another."""
    if " " in text.strip():
        yield from (text.replace(" ", "  "), text.replace(" ", "\t"), text.replace(" ", ""), text.replace(" ", "\n"))
    yield f" {text} "
    if _MARKS.search(text):
        yield _MARKS.sub(r" \1 ", text)
    yield from (f"{text} ", f"\t{text}", f"{text}\n", "a\nb", "\u00a0")


def marked(text: str) -> Iterator[str]:
    """With letters and marks that are no ASCII."""
    yield from (f"x\u0332{text}", f"{text}é", f"{text}\u0301", f"{text}ß", f"😀{text}", "é" * len(text), "ﬁ", "漢字")


def awkward(text: str) -> Iterator[str]:
    """What texts are seldom."""
    yield from (text.replace("-", "_"), f"{text}-", f"{text}.", f"{text},")
    yield from ("0", " ", "None", "-", '"', "'", "a,b", "%")


def spelled_alike(text: str, numbers: Iterable[float]) -> Iterator[str]:
    """Numbers with as many decimals as a text has."""
    decimals = len(text.rpartition(".")[2]) if "." in text else 0
    for number in numbers:
        yield from (f"{near:.{decimals}f}" for near in stepped(number))


_NUMBER = re.compile(r"\d+")


def numbers_inside(text: str, near: Iterable[float]) -> Iterator[str]:
    """Other numbers in the place of the first one inside a text, and of the last."""
    found = list(_NUMBER.finditer(text))
    if not found or found[0].group() == text:
        return
    for place in dict.fromkeys((found[0], found[-1])):
        number = int(place.group()[:15])
        for other in (0, f"{number}.5", number + 1, f"0{number}", number * 10, 100, f"-{number}", *near):
            yield f"{text[: place.start()]}{other}{text[place.end() :]}"


_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})(.*)", re.S)
_DATES = ("-02-29", "-02-28", "-12-31", "-01-01", "-12-30", "-03-31", "-10-27", "-01-31")
_TAILS = ("", "Z", "+00:00", "+02:00", "-05:00", "+05:30")


def dates_spelled(text: str) -> Iterator[str]:
    """Where a text begins with a date: other dates, other hours, other zones, in its form."""
    found = _DATE.fullmatch(text)
    if found is None:
        return
    year, _month, _day, rest = found.groups()
    leap = int(year) - int(year) % 4
    for date in _DATES:
        yield f"{leap:04}{date}{rest}"
    if "T" in rest or " " in rest:
        clock = re.sub(r"(Z|[+-]\d{2}:?\d{2})$", "", rest)
        for tail in _TAILS:
            yield text[:10] + clock + tail
        for hour in ("00:00:00", "23:59:59", "23:30:00", "00:30:00"):
            end = rest[len(clock) :]
            yield f"{text[:10]}{rest[0]}{hour}{end}"
            yield f"{text[:10]}{rest[0]}{hour}+02:00"
