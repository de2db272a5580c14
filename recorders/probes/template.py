"""The text of a log probe: literal text, and expressions in braces with a conversion and a format of their own.

Written as an f-string is, `total={total:.2f} high={order.high_value}`; two braces stand for one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from ..errors import ProbeRefused
from ..model.value_tree import Tree
from .expressions import Bind, Expression, Sensitive, compile_expression
from .render import render

LENGTH: Final = 2_000
EXPRESSIONS: Final = 20
TEXT_SHOWN: Final = 1_000
"""Characters of the longest line that a hit writes."""

_FORMAT: Final = re.compile(r"(?:.?[<>=^])?[-+ ]?#?0?(?P<width>\d*)[,_]?(?:\.(?P<precision>\d+))?[bcdeEfFgGnosxX%]?")
_WIDEST: Final = 100


class Field(NamedTuple):
    """An expression in braces."""

    source: str
    form: str
    """How it is formatted, as `format` takes it; empty for as it is."""
    names_itself: bool
    """`{total=}`"""


class Template(NamedTuple):
    """A text with expressions in it."""

    literals: tuple[str, ...]
    """Texts before, between and behind the fields: one more than these."""
    fields: tuple[Field, ...]
    expressions: tuple[Expression, ...]

    def line(self, values: Sequence[Tree]) -> str:
        """The text with values, which are redacted."""
        parts = [self.literals[0]]
        for field, value, literal in zip(self.fields, values, self.literals[1:], strict=True):
            parts.append(f"{field.source}=" if field.names_itself else "")
            parts += [_formatted(value, field.form), literal]
        line = "".join(parts)
        return line if len(line) <= TEXT_SHOWN else f"{line[:TEXT_SHOWN]}... ({len(line)} characters)"


def compile_template(text: str, bind: Bind, sensitive: Sensitive) -> Template:
    """Raises `ProbeRefused`, which says what is not accepted and why."""
    if len(text) > LENGTH:
        raise ProbeRefused(f"a text of {len(text)} characters is too long: {LENGTH} are accepted")
    literals, sources = _split(text)
    if len(sources) > EXPRESSIONS:
        raise ProbeRefused(f"{len(sources)} expressions in a text are too many: {EXPRESSIONS} are accepted")
    fields = tuple(map(_field, sources))
    return Template(literals, fields, tuple(compile_expression(one.source, bind, sensitive) for one in fields))


def _split(text: str) -> tuple[tuple[str, ...], list[str]]:
    """Literal texts, and what stands in braces between them."""
    literals, sources, at, literal = [], [], 0, ""
    while at < len(text):
        char = text[at]
        if text[at : at + 2] in ("{{", "}}"):
            literal += char
            at += 2
        elif char == "}":
            raise ProbeRefused(f"{text!r} has a closing brace without an opening one; two stand for one")
        elif char == "{":
            end = _end(text, at + 1)
            literals.append(literal)
            sources.append(text[at + 1 : end])
            literal, at = "", end + 1
        else:
            literal += char
            at += 1
    return (*literals, literal), sources


def _end(text: str, start: int) -> int:
    """Where the brace closes that was opened before `start`: not inside a text, nor inside other brackets."""
    depth, quote = 0, ""
    for at in range(start, len(text)):
        char = text[at]
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char in "([{":
            depth += 1
        elif char in ")]" or (char == "}" and depth):
            depth -= 1
        elif char == "}":
            return at
    raise ProbeRefused(f"{text!r} has an opening brace without a closing one; two stand for one")


def _field(source: str) -> Field:
    """An expression without what says how it is formatted."""
    depth, quote, cut = 0, "", len(source)
    for at, char in enumerate(source):
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
        elif depth == 0 and (char == ":" or (char == "!" and source[at + 1 : at + 2] in ("r", "s", "a"))):
            cut = at
            break
    expression, rest = source[:cut].strip(), source[cut:]
    names_itself = expression.endswith("=") and not expression.endswith(("==", "!=", "<=", ">="))
    form = rest[3:] if rest.startswith("!") and rest[2:3] == ":" else rest[1:] if rest.startswith(":") else ""
    found = _FORMAT.fullmatch(form)
    if found is None or any(int(part) > _WIDEST for part in found.groups() if part):
        raise ProbeRefused(f"the format {form!r} is not accepted: as of f-strings, and at most {_WIDEST} wide")
    return Field(expression.removesuffix("=").strip() if names_itself else expression, form, names_itself)


def _formatted(value: Tree, form: str) -> str:
    if form and isinstance(value, bool | int | float | str):
        try:
            return format(value, form)
        except ValueError:
            return render(value)
    return value if type(value) is str else render(value)
