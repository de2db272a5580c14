"""Fields of an HTTP request: query, form, JSON and parts of the path, parsed so that one can be changed, and put
together again."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import msgspec

from ...recorders.capture.thaw import capture
from ...recorders.model.value_tree import BytesNode, DictNode, ListNode, StandardNode, Tree, TupleNode, field, record

_PLAIN_NUMBER = re.compile(r"0|[1-9][0-9]{0,17}")
"""A part of a path that is written as its number is."""


def fields_of(request: Tree) -> Tree:
    """The fields of a recorded request, as a dict: `path`, `query`, and `json` or `form`."""
    environ, body = field(request, "environ"), field(request, "body")
    data = body.data if isinstance(body, BytesNode) else b""
    path = [int(part) if _PLAIN_NUMBER.fullmatch(part) else part for part in _text(environ, "PATH_INFO").split("/")]
    found: dict[str, Tree] = {"path": _numbers_of(path), "query": _pairs(_text(environ, "QUERY_STRING"))}
    kind = _text(environ, "CONTENT_TYPE").partition(";")[0].strip().lower()
    try:
        if data and (kind == "application/json" or kind.endswith("+json")):
            found["json"] = capture(json.loads(data))
        elif data and kind == "application/x-www-form-urlencoded":
            found["form"] = _pairs(data.decode())
    except (ValueError, RecursionError):
        return record(**found)  # it is not what it says: the body stays as it is
    return record(**found)


def with_fields(request: Tree, fields: Tree) -> Tree:
    """A recorded request with other fields."""
    environ, body = field(request, "environ"), field(request, "body")
    assert isinstance(environ, DictNode)
    values = dict(zip(map(str, environ.keys), environ.values, strict=True))
    values["PATH_INFO"] = _path_with(_text(environ, "PATH_INFO"), field(fields, "path"))
    values["QUERY_STRING"] = _encoded(field(fields, "query"))
    for raw in ("REQUEST_URI", "RAW_URI"):
        if raw in values:
            path = str(values["PATH_INFO"]).encode("latin-1", "replace")  # as PEP 3333 has it
            values[raw] = quote(path) + (f"?{values['QUERY_STRING']}" if values["QUERY_STRING"] else "")
    data = body.data if isinstance(body, BytesNode) else b""
    if _has(fields, "json"):
        data = json.dumps(_plain(field(fields, "json"))).encode()
    elif _has(fields, "form"):
        data = _encoded(field(fields, "form")).encode()
    if data or "CONTENT_LENGTH" in values:
        values["CONTENT_LENGTH"] = str(len(data))
    made = DictNode(list(values), list(values.values()))
    return record(environ=made, body=BytesNode(data), read_all=True)


def render_request(request: Tree, fields: Tree) -> str:
    """A request as a person would write it: `POST /quotes?page=2 {"items": []}`."""
    whole = field(with_fields(request, fields), "environ")
    query = _text(whole, "QUERY_STRING")
    line = f"{_text(whole, 'REQUEST_METHOD')} {_text(whole, 'PATH_INFO')}{'?' + query if query else ''}"
    if _has(fields, "json"):
        return f"{line} {json.dumps(_plain(field(fields, 'json')), ensure_ascii=False)}"
    return f"{line} {_encoded(field(fields, 'form'))}" if _has(fields, "form") else line


def _has(tree: Tree, name: str) -> bool:
    return isinstance(tree, DictNode) and name in tree.keys


def _text(tree: Tree, name: str) -> str:
    value = field(tree, name)
    return value if isinstance(value, str) else ""


def _numbers_of(path: list[Any]) -> Tree:
    """The numbers in a path: they are the parts that are data for certain."""
    numbers = {f"part {at}": part for at, part in enumerate(path) if isinstance(part, int)}
    return DictNode(list(numbers), list(numbers.values()))


def _path_with(path: str, numbers: Tree) -> str:
    parts = path.split("/")
    if isinstance(numbers, DictNode):
        for key, value in zip(numbers.keys, numbers.values, strict=True):
            number = str(key).removeprefix("part ")
            at = int(number) if number.isascii() and number.isdigit() else len(parts)
            if at < len(parts):
                parts[at] = _as_text(value)
    return "/".join(parts)


def _pairs(text: str) -> Tree:
    """Each name once with its value, or with a list of its values."""
    found: dict[str, list[Tree]] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        found.setdefault(name, []).append(value)
    return DictNode(list(found), [values[0] if len(values) == 1 else ListNode(values) for values in found.values()])


def _encoded(pairs: Tree) -> str:
    if not isinstance(pairs, DictNode):
        return ""
    row: list[tuple[str, str]] = []
    for key, value in zip(pairs.keys, pairs.values, strict=True):
        values = value.items if isinstance(value, (ListNode, TupleNode)) else [value]
        row += [(str(key), _as_text(item)) for item in values if item is not None]
    return urlencode(row, encoding="utf-8", errors="surrogatepass")


def _as_text(value: Tree) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None or not isinstance(value, (int, float)) else str(value)


def _plain(tree: Tree) -> Any:
    """A tree as JSON has it; what JSON does not have becomes text."""
    match tree:
        case ListNode(items=items) | TupleNode(items=items):
            return [_plain(item) for item in items]
        case DictNode(keys=keys, values=values):
            return {str(key): _plain(value) for key, value in zip(keys, values, strict=True)}
        case StandardNode(kind="int", parts=[text]):
            return int(str(text), 16)
        case None | bool() | int() | float() | str():
            return tree
        case _:
            return msgspec.json.encode(str(tree)).decode()
