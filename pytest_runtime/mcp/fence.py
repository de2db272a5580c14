"""The fence around captured text: what a recorded service was sent is data, and may be written to be taken for orders.

Every text that traffic can have written stands between two marks that hold random digits of this server, so that no
recording can close them; the instructions of the server say what they mean.
"""

from __future__ import annotations

import re
import secrets

from ..recorders.model.printable import printable

_NAME = re.compile(r"(?:[A-Z]{3,8} )?[\w.:/<>{}*~-]{1,160}")
"""What may stand without a fence: names of functions and routes, and what is spelt like one. No sentence fits."""


_SENTENCE = re.compile(r"(?:[A-Za-z']{2,}[,.:;!]? ){5}")
"""Five words in a row: conditions that are so long are fenced, too, which harms nobody."""


class Fence:
    """Puts texts between marks."""

    def __init__(self, mark: str = "") -> None:
        """`mark` is random where it is left out."""
        self.mark = mark or secrets.token_hex(3)
        self.opening = f"<data-{self.mark}>"
        self.closing = f"</data-{self.mark}>"

    def __call__(self, text: str) -> str:
        """A captured text between the marks; nothing for an empty one."""
        if not text:
            return ""
        return f"{self.opening}{printable(text).replace(self.mark, '')}{self.closing}"

    def name(self, text: str) -> str:
        """A name out of a baseline: as it is where it can be nothing but a name, else fenced."""
        return text if is_name(text) else self(text)

    def code(self, text: str) -> str:
        """A condition, or a place in the code, out of a baseline: as it is where no sentence can hide in it."""
        return self(text) if _SENTENCE.search(text) or "\n" in text or self.mark in text else text

    def cut(self, text: str, width: int) -> str:
        """A text that is cut at its end, inside its fence where it has one."""
        if len(text) <= width:
            return text
        fenced = text.endswith(self.closing)
        kept = text.removesuffix(self.closing)[: max(width - len(self.closing) * fenced - 1, 1)]
        return f"{kept}…{self.closing if fenced else ''}"


def is_name(text: str) -> bool:
    """Whether a text is spelt like the name of a function, a route or a file."""
    return _NAME.fullmatch(text) is not None
