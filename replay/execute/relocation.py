"""Relocation: what a recording says of files of its project is said of the folder that the replay runs in.

The recorded service lay in another folder (a container's `/srv/shop`, a colleague's home). A value that names a path
below it names the same file of the code under test. Requests that a server got name no files, and stay as they are.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping

import msgspec

from ...recorders.model.inputs import HttpInput, Input, input_of
from ...recorders.model.trace import Exchange, Trace, TraceId, decode_trace, encode_trace
from ...recorders.model.value_tree import Tree, encode
from .roots import map_texts, names_of

_DEEP = 2
"""Folders in a name from which on it is taken for a path wherever it stands. `/app/login` may be part of a URL: below a
folder of the top only what is there is a file."""


class Relocation:
    """Moves recorded values from the folders of the recording into another one."""

    def __init__(self, recorded: Iterable[str], root: str) -> None:
        """`recorded` are the project's folders when it was recorded, `root` the one that is loaded."""
        own = names_of(root)
        names = {name for folder in recorded for name in names_of(folder) if name not in own}
        self._root = root
        self._names = sorted(names, key=len, reverse=True)
        self._bytes = [os.fsencode(name) for name in self._names]
        patterns = [rf"{_before(name)}{re.escape(name)}(?![\w-])([/\\][^/\\\s:]+)?" for name in self._names]
        self._pattern = re.compile("|".join(patterns) or "(?!)")

    def data(self, data: bytes) -> bytes:
        """An encoded trace, moved; the same object where it names nothing."""
        if not any(name in data for name in self._bytes):
            return data
        return encode_trace(self.trace(decode_trace(data)))

    def moved(self, trace: Trace) -> Trace:
        """A trace, moved; the same object where nothing can be named."""
        return self.trace(trace) if self._names else trace

    def producers(self, traces: Mapping[TraceId, bytes]) -> Mapping[TraceId, bytes]:
        """Encoded traces, moved."""
        if not any(name in data for data in traces.values() for name in self._bytes):
            return traces
        return {trace: self.data(data) for trace, data in traces.items()}

    def trace(self, trace: Trace) -> Trace:
        """What a trace was given, and what answered it."""
        return msgspec.structs.replace(
            trace,
            input=self._input(trace.input),
            exchanges=[self._exchange(exchange) for exchange in trace.exchanges],
            variables=self.variables(trace.variables),
            state=[msgspec.structs.replace(read, value=self.tree(read.value)) for read in trace.state],
        )

    def _input(self, given: Input) -> Input:
        """A request names files of its client, if any; arguments and data may name those of the project."""
        return given if isinstance(given, HttpInput) else input_of(given, self.tree(given.tree()))

    def variables(self, variables: Mapping[str, str | None]) -> dict[str, str | None]:
        """Environment variables."""
        return {name: value if value is None else self.text(value) for name, value in variables.items()}

    def tree(self, tree: Tree) -> Tree:
        """A value; the same object where it names nothing."""
        if not (self._bytes and any(name in encode(tree) for name in self._bytes)):
            return tree
        return map_texts(tree, self.text, self._data)

    def text(self, text: str) -> str:
        """A text."""
        return self._pattern.sub(self._moved, text)

    def _exchange(self, exchange: Exchange) -> Exchange:
        return msgspec.structs.replace(
            exchange,
            request=self.tree(exchange.request),
            answer=self.tree(exchange.answer),
            items=[self.tree(item) for item in exchange.items],
            error=self.tree(exchange.error),
        )

    def _data(self, data: bytes) -> bytes:
        if not any(name in data for name in self._bytes):
            return data
        return os.fsencode(self.text(os.fsdecode(data)))

    def _moved(self, found: re.Match[str]) -> str:
        below = next((group for group in found.groups() if group), "")
        name = found[0].removesuffix(below)
        if name.count(os.sep) < _DEEP and below and not os.path.lexists(self._root + below):
            return found[0]
        return self._root + below


def _before(name: str) -> str:
    """What may not stand before a name: for one folder of the top also no slash, as in `/v1/app`."""
    return r"(?<![\w.-])" if name.count(os.sep) >= _DEEP else r"(?<![\w./-])"
