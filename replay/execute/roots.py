"""Roots: base and candidate lie in different folders, and what they show may name them, or where it was recorded.

A path inside the project's folder is the same path on every side, whatever the folder is called. In observations the
names of all of them are replaced, in texts, in bytes, and in the length that follows from a body.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable

import msgspec

from ...recorders.model.value_tree import (
    BytesNode,
    DictNode,
    Tree,
    TupleNode,
    field,
    map_tree,
    record,
)
from ...recorders.store.protocol import BaselineReader
from ..model.observation import Observation
from ..model.steps import Detail
from .folder_names import WIDTH

ROOT = "<root>"
"""Stands for the project's folder."""
TEMPORARY = "<tmp>"
"""Stands for the private temporary folder of a replay."""

_OF_PROCESS = f"(?:/replay-[a-z]{{{WIDTH}}})?"
"""Folder of one process in a private temporary folder."""

_encode = msgspec.msgpack.Encoder().encode


class Roots:
    """Replaces the names of folders."""

    def __init__(self, *folders: str, temporary: Iterable[str] = ()) -> None:
        """`folders` are the project's, on whatever side; `temporary` those that replays may write in. The root of a
        file system is no name: nothing is replaced."""
        own = {name for folder in folders for name in names_of(folder)}
        private = {name for folder in temporary for name in names_of(folder)}
        # The longer first: one may lie inside the other.
        names = sorted({*own, *private}, key=len, reverse=True)
        self._bytes = [os.fsencode(name) for name in names]
        patterns = [f"({_whole(name)}{_OF_PROCESS})" if name in private else _whole(name) for name in names]
        pattern = "|".join(patterns) or "(?!)"
        self._pattern = re.compile(pattern)
        self._bytes_pattern = re.compile(os.fsencode(pattern))

    def hidden(self, observation: Observation) -> Observation:
        """The observation without the folder's name; the same object where it is not in it."""
        if not self._occurs(observation):
            return observation
        value = self._tree(observation.value)
        if observation.kind == "response" and isinstance(value, DictNode):
            value = _with_length(observation.value, value)
        outbound = [call._replace(request=self._tree(call.request)) for call in observation.outbound]
        return Observation(observation.kind, value, self._tree(observation.arguments), outbound)

    def hidden_in_detail(self, detail: Detail) -> Detail:
        """The same of the steps of a replay."""
        if not any(name in _encode(detail) for name in self._bytes):
            return detail
        events = [
            msgspec.structs.replace(event, values=[(text, self._tree(value)) for text, value in event.values])
            for event in detail.events
        ]
        return Detail(events, detail.truncated)

    def _occurs(self, observation: Observation) -> bool:
        requests = [call.request for call in observation.outbound]
        seen = _encode((observation.value, observation.arguments, requests))
        return any(name in seen for name in self._bytes)

    def _text(self, text: str) -> str:
        return self._pattern.sub(lambda found: TEMPORARY if found.lastindex else ROOT, text)

    def _data(self, data: bytes) -> bytes:
        return self._bytes_pattern.sub(lambda found: (TEMPORARY if found.lastindex else ROOT).encode(), data)

    def _tree(self, tree: Tree) -> Tree:
        return map_texts(tree, self._text, self._data)


def recorded_roots(reader: BaselineReader, root: str) -> tuple[str, ...]:
    """Folders of the project when it was recorded; where a recording does not say, it may have been `root`."""
    return tuple(dict.fromkeys(revision.root or root for revision in reader.revisions().values()))


def names_of(folder: str) -> list[str]:
    """What a folder is called: as it is written, and where it really is."""
    names = {os.path.normpath(folder), os.path.realpath(folder)} if folder else set()
    return [name for name in names if len(name) > 1]


def _whole(name: str) -> str:
    """A pattern for a folder's name that stands by itself: `/srv/shop` is not in `/srv/shopping`, nor is `/app` in
    `/v1/app`."""
    before = r"(?<![\w./-])" if name.count(os.sep) == 1 else ""
    return before + re.escape(name) + r"(?![\w-])"


def map_texts(tree: Tree, text: Callable[[str], str], data: Callable[[bytes], bytes]) -> Tree:
    """The tree with every text and every bytes replaced."""

    def mapped(part: Tree) -> Tree:
        if isinstance(part, str):
            return text(part)
        return BytesNode(data(part.data)) if isinstance(part, BytesNode) else part

    return map_tree(tree, mapped)


def _with_length(before: Tree, after: DictNode) -> Tree:
    """A response whose length says what its body has now, where it said so before."""
    old, new, headers = field(before, "body"), field(after, "body"), field(after, "headers")
    if not (isinstance(old, BytesNode) and isinstance(new, BytesNode) and isinstance(headers, TupleNode)):
        return after
    pairs = [_header(pair, str(len(old.data)), str(len(new.data))) for pair in headers.items]
    return record(status=field(after, "status"), headers=TupleNode(pairs), body=new)


def _header(pair: Tree, before: str, after: str) -> Tree:
    match pair:
        case TupleNode(items=[str(name), str(value)]) if name.lower() == "content-length" and value == before:
            return TupleNode([name, after])
        case _:
            return pair
