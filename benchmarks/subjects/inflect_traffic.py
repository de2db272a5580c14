"""Documented usage of inflect: plurals, articles, numbers in words, lists in words, and words of one's own.

`run(do)` makes every call through `do`, which an observer may replace; exceptions that the usage expects are caught.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import inflect  # type: ignore[import-not-found,import-untyped,unused-ignore]  # fetched when it is needed

Do = Callable[..., Any]

NOUNS = (
    "cat", "box", "baby", "day", "knife", "child", "mouse", "ox", "goose", "person", "index", "matrix", "analysis",
    "criterion", "cherub", "fish", "sheep", "brother", "octopus", "hero", "photo", "leaf", "roof", "bus", "quiz",
    "man", "woman", "mother-in-law", "attorney general", "Jones", "Chinese", "formula", "stadium", "virus", "tooth",
    "the cat", "cup of tea", "major general", "postmaster", "I", "me", "my", "herself", "belief", "larva", "corpus",
)  # fmt: skip
PLURALS = (
    "cats", "boxes", "babies", "days", "knives", "children", "mice", "people", "indices", "analyses", "criteria",
    "heroes", "leaves", "buses", "women", "teeth", "mothers-in-law", "phenomena", "lenses", "cat", "species", "us",
)  # fmt: skip
VERBS = ("is", "was", "has", "runs", "flies", "goes", "does", "can", "will", "eats", "am", "isn't", "watches", "ate")
ADJECTIVES = ("a", "an", "this", "that", "my", "his", "its", "cat's", "child's", "big")
ARTICLES = (
    "cat", "apple", "hour", "unicorn", "European", "FBI agent", "NATO", "honest man", "one", "user", "8-ball", "11",
    "x-ray", "Ugandan", "yew", "ewe", "mpeg", "LCD", "utility", "idiot", "B", "F", "oak", "a.m.",
)  # fmt: skip
PAIRS = (
    ("cat", "cats"), ("cats", "cat"), ("cat", "dog"), ("index", "indices"), ("indexes", "indices"), ("ox", "oxen"),
    ("run", "runs"), ("this", "these"), ("cat", "cat"), ("swims", "swim"), ("my", "our"),
)  # fmt: skip
SENTENCES = (
    "There plural_verb('is', 2) num(2) plural('cat').",
    "I saw num(3) plural('cat') and a('apple').",
    "no('error', 0), no('warning', 4)",
    "ordinal(21) place, number_to_words(42) points",
    "The plural('index') plural_verb('was') singular_noun('mice').",
)
NUMBERS: tuple[Any, ...] = (0, 1, 2, 9, 10, 13, 20, 21, 99, 100, 101, 342, 1000, 1001, 12_345, 1_000_000, 7_654_321, -5)
TEXT_NUMBERS = ("3.14", "0.5", "1st", "22nd", "103rd", "+7", "-12.50", "1,234", "10011")


def run(do: Do) -> None:
    """All of it."""
    engine = do(inflect.engine)
    words(do, engine)
    articles(do, engine)
    numbers(do, engine)
    lists(do, engine)
    sentences(do, engine)
    classical(do)
    own_words(do)
    refused(do, engine)


def words(do: Do, engine: Any) -> None:
    for noun in NOUNS:
        do(engine.plural, noun)
        do(engine.plural_noun, noun)
    for count in (0, 1, 2, "one", "no"):
        do(engine.plural, "cat", count)
        do(engine.no, "mouse", count)
    for noun in PLURALS:
        do(engine.singular_noun, noun)
    do(engine.singular_noun, "cats", 2)
    for verb in VERBS:
        do(engine.plural_verb, verb)
        do(engine.present_participle, verb)
    do(engine.plural_verb, "is", 1)
    for adjective in ADJECTIVES:
        do(engine.plural_adj, adjective)
    for first, second in PAIRS:
        do(engine.compare, first, second)
        do(engine.compare_nouns, first, second)
    do(engine.compare_verbs, "runs", "run")
    do(engine.compare_adjs, "my", "our")
    do(engine.gender, "feminine")
    do(engine.singular_noun, "they")
    do(engine.gender, "neuter")
    do(engine.singular_noun, "they")


def articles(do: Do, engine: Any) -> None:
    for word in ARTICLES:
        do(engine.a, word)
    do(engine.an, "cat", 2)
    do(engine.a, "apple", 1)


def numbers(do: Do, engine: Any) -> None:
    for number in NUMBERS:
        do(engine.number_to_words, number)
    for number in NUMBERS[:-1]:
        do(engine.ordinal, number)
    for number in NUMBERS[8:]:
        do(engine.number_to_words, number, andword="", comma="")
        do(engine.number_to_words, number, wantlist=True)
        do(engine.number_to_words, number, group=2)
    for text in TEXT_NUMBERS:
        do(engine.number_to_words, text)
    do(engine.number_to_words, 1_234, group=1, zero="oh")
    do(engine.number_to_words, 1_234, group=3)
    do(engine.number_to_words, 8, threshold=10)
    do(engine.number_to_words, 12_345, threshold=10)
    do(engine.number_to_words, "3.75", decimal="dot")
    do(engine.number_to_words, 1_101, one="single", group=1)
    do(engine.ordinal, "twelve")
    do(engine.ordinal, engine.number_to_words(45))
    do(engine.num, 3, True)
    do(engine.plural, "dog")
    do(engine.num, 1)
    do(engine.plural, "dog")
    do(engine.num)


def lists(do: Do, engine: Any) -> None:
    for many in (["apple"], ["apple", "pear"], ["apple", "pear", "fig"], ["a, b", "c", "d"]):
        do(engine.join, many)
        do(engine.join, many, conj="or")
        do(engine.join, many, final_sep="")
    do(engine.join, ["apple", "pear", "fig"], sep=" /", conj="and also")


def sentences(do: Do, engine: Any) -> None:
    for sentence in SENTENCES:
        do(engine.inflect, sentence)


def classical(do: Do) -> None:
    engine = do(inflect.engine)
    do(engine.classical)
    for noun in ("person", "brother", "formula", "stadium", "index", "octopus", "corpus", "mother"):
        do(engine.plural, noun)
    do(engine.classical, all=False)
    do(engine.classical, persons=True, zero=True)
    do(engine.plural, "person")
    do(engine.no, "error", 0)
    do(engine.classical, herd=True, names=False)
    do(engine.plural, "wildebeest")
    do(engine.plural, "Jones")


def own_words(do: Do) -> None:
    engine = do(inflect.engine)
    do(engine.defnoun, "sprocket", "sprockets-and-more")
    do(engine.defnoun, "(.*)ware", "$1warez")
    do(engine.defverb, "will", "shall", "will", "shall", "will", "shall")
    do(engine.defadj, "hir", "their")
    do(engine.defa, "h")
    do(engine.defan, "horrendous.*")
    for word in ("sprocket", "hardware", "software"):
        do(engine.plural, word)
    do(engine.plural_verb, "will")
    do(engine.plural_adj, "hir")
    do(engine.a, "h")
    do(engine.a, "horrendous affair")


def refused(do: Do, engine: Any) -> None:
    with suppress(inflect.UnknownClassicalModeError):
        do(engine.classical, latin=True)
    with suppress(inflect.BadGenderError):
        do(engine.gender, "dog")
    with suppress(inflect.NumOutOfRangeError):
        do(engine.number_to_words, 10**36)
    with suppress(inflect.BadChunkingOptionError):
        do(engine.number_to_words, 12, group=7)
    with suppress(inflect.BadUserDefinedPatternError):
        do(engine.defnoun, "(", "x")


def call(function: Callable[..., Any], /, *arguments: Any, **options: Any) -> Any:
    """The plain `do`."""
    return function(*arguments, **options)


if __name__ == "__main__":
    run(call)
