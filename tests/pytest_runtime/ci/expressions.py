"""Expressions of GitHub workflows, as far as our action uses them.

https://docs.github.com/actions/reference/evaluate-expressions-in-workflows-and-actions
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_TOKEN = re.compile(r"\s*(?:('(?:[^']|'')*')|(==|!=|&&|\|\||[(),!])|([A-Za-z_][\w.-]*)|(\d+))")


def filled(text: str, context: Mapping[str, Any]) -> str:
    """A text with its `${{ }}` replaced by what they come to."""
    return re.sub(r"\$\{\{(.*?)\}\}", lambda found: _text(evaluate(found[1], context)), text)


def is_true(text: str, context: Mapping[str, Any]) -> bool:
    """Whether the condition of a step holds."""
    inside = re.fullmatch(r"\s*\$\{\{(.*)\}\}\s*", text)
    return bool(evaluate(inside[1] if inside else text, context))


def evaluate(expression: str, context: Mapping[str, Any]) -> Any:
    """What an expression comes to; a name that the context does not have is an error of the action."""
    return _Reader(expression, context).whole()


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


class _Reader:
    def __init__(self, expression: str, context: Mapping[str, Any]) -> None:
        self._context = context
        self._tokens: list[tuple[str, str, str, str]] = []
        at = 0
        stripped = expression.strip()
        while at < len(stripped):
            found = _TOKEN.match(stripped, at)
            if found is None:
                raise ValueError(f"{expression!r}: cannot read {stripped[at:]!r}")
            text, sign, name, number = found.groups()
            self._tokens.append((text or "", sign or "", name or "", number or ""))
            at = found.end()

    def whole(self) -> Any:
        value = self._either()
        if self._tokens:
            raise ValueError(f"more than one expression: {self._tokens}")
        return value

    def _sign(self, *signs: str) -> str:
        if self._tokens and self._tokens[0][1] in signs:
            return self._tokens.pop(0)[1]
        return ""

    def _either(self) -> Any:
        value = self._both()
        while self._sign("||"):
            other = self._both()
            value = value or other
        return value

    def _both(self) -> Any:
        value = self._compared()
        while self._sign("&&"):
            other = self._compared()
            value = value and other
        return value

    def _compared(self) -> Any:
        value = self._part()
        sign = self._sign("==", "!=")
        if not sign:
            return value
        return (_text(value).lower() == _text(self._part()).lower()) == (sign == "==")

    def _part(self) -> Any:
        if self._sign("!"):
            return not self._part()
        if self._sign("("):
            value = self._either()
            assert self._sign(")")
            return value
        text, _sign, name, number = self._tokens.pop(0)
        if name and self._sign("("):
            return self._called(name)
        return self._named(name) if name else text[1:-1].replace("''", "'") if text else int(number)

    def _called(self, name: str) -> Any:
        given = [self._either()]
        while self._sign(","):
            given.append(self._either())
        assert self._sign(")")
        assert name == "format"
        return re.sub(r"\{(\d+)\}", lambda found: _text(given[int(found[1]) + 1]), given[0])

    def _named(self, name: str) -> Any:
        value: Any = self._context
        for part in name.split("."):
            value = value[part]
        return value
