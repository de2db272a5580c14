"""This file is about roots: base and candidate lie in different folders, and what they show may name them.

A path inside the project's folder is the same path on both sides, whatever the folder is called. In observations the
folder's own name is replaced, in texts, in bytes, and in the length that follows from a body.
"""

from __future__ import annotations

import os

import msgspec

from ..recorders.value_tree import (
    AnchorNode,
    BytesNode,
    DictNode,
    EnumNode,
    FrozenSetNode,
    ListNode,
    ObjectNode,
    SetNode,
    StandardNode,
    Tree,
    TupleNode,
    field,
    record,
)
from .detail import Detail
from .observation import Observation

ROOT = "<root>"
"""Stands for the project's folder."""

_encode = msgspec.msgpack.Encoder().encode


class Roots:
    """Replaces the name of one folder."""

    def __init__(self, folder: str) -> None:
        """The root of a file system is no name: nothing is replaced."""
        names = {os.path.normpath(folder), os.path.realpath(folder)} if folder else set()
        # The longer first: one may lie inside the other.
        self._names = sorted((name for name in names if len(name) > 1), key=len, reverse=True)
        self._bytes = [os.fsencode(name) for name in self._names]

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
        for name in self._names:
            text = text.replace(name, ROOT)
        return text

    def _data(self, data: bytes) -> bytes:
        for name in self._bytes:
            data = data.replace(name, ROOT.encode())
        return data

    def _tree(self, tree: Tree) -> Tree:
        match tree:
            case str():
                return self._text(tree)
            case BytesNode(data=data):
                return BytesNode(self._data(data))
            case ListNode() | TupleNode() | SetNode() | FrozenSetNode():
                return type(tree)([self._tree(item) for item in tree.items])
            case DictNode(keys=keys, values=values):
                return DictNode([self._tree(key) for key in keys], [self._tree(value) for value in values])
            case ObjectNode(content=content, values=values):
                shown = [self._tree(value) for value in values]
                return msgspec.structs.replace(tree, content=self._tree(content), values=shown)
            case StandardNode(kind=kind, parts=parts):
                return StandardNode(kind, [self._tree(part) for part in parts])
            case EnumNode(cls=cls, name=name, value=value):
                return EnumNode(cls, name, self._tree(value))
            case AnchorNode(number=number, value=value):
                return AnchorNode(number, self._tree(value))
            case _:
                return tree


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
