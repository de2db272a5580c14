"""This file is about outbound requests: what makes two the same, and what makes two the same operation.

Exact is: equal as captured, or equal in canonical form (SQL as parsed, bodies as the documents they hold, headers
without those that a client library adds by itself). The same operation is: the statement's kind and tables, the
method and route of an HTTP request, the name of a declared function.
"""

from __future__ import annotations

import functools
import json
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, urlsplit

from ..recorders.assemble import parameter_names
from ..recorders.boundaries.world import Operation
from ..recorders.entries.wsgi import route_guess
from ..recorders.thawing import capture
from ..recorders.value_tree import BytesNode, DictNode, ListNode, Tree, TupleNode, encode, field, record

Key: TypeAlias = bytes

_AUTOMATIC_HEADERS = frozenset(
    {"host", "user-agent", "accept-encoding", "connection", "content-length", "accept", "transfer-encoding"}
)
"""Headers that client libraries add by themselves; another version of one is no change of the service."""


def exact_key(operation: Operation, request: Tree) -> Key:
    """Equal for requests that are equal as captured."""
    return f"{operation.boundary}\0{operation.name}\0".encode() + encode(request)


def canonical_key(operation: Operation, request: Tree) -> Key:
    """Equal for requests that say the same in other words."""
    name = "*" if operation.boundary == "sqlite3" and operation.name == "execute" else operation.name
    return f"{operation.boundary}\0{name}\0".encode() + encode(described(operation, request))


def operation_key(operation: Operation, request: Tree) -> str:
    """Equal for requests whose answers can stand for each other."""
    match operation.boundary:
        case "sqlite3":
            return f"sqlite3 {_operation_of_sql(_sql(request))}" if _sql(request) else f"sqlite3 {operation.name}"
        case "http":
            url = urlsplit(str(field(request, "url")))
            return f"http {operation.name} {url.scheme}://{url.netloc}{route_guess(url.path)}"
        case _:
            return f"{operation.boundary} {operation.resource} {operation.name}"


def label(operation: Operation, request: Tree) -> str:
    """A request in a few words: `POST fraud/validate`, `INSERT trades`."""
    match operation.boundary:
        case "sqlite3":
            return _operation_of_sql(_sql(request)) if _sql(request) else operation.name.upper()
        case "http":
            url = urlsplit(str(field(request, "url")))
            return f"{operation.name} {url.netloc}{url.path}"
        case _:
            return f"{operation.resource}.{operation.name}()"


def described(operation: Operation, request: Tree) -> Tree:
    """A request as the fields that are compared."""
    if operation.boundary == "sqlite3" and isinstance(request, TupleNode):
        first, *rest = request.items
        return record(sql=canonical_sql(str(first)), parameters=_named_parameters(str(first), rest))
    if operation.boundary == "http" and isinstance(request, DictNode):
        return _described_http(request)
    return request


def _named_parameters(sql: str, rest: list[Tree]) -> Tree:
    """Positional parameters by the column next to each, where every one has a column of its own."""
    if not rest:
        return TupleNode([])
    values = rest[0]
    names = parameter_names(sql)
    if isinstance(values, TupleNode) and len(names) == len(values.items) == len(set(names)) and all(names):
        keys: list[Tree] = [*names]
        return DictNode(keys, values.items)
    return values


def _sql(request: Tree) -> str:
    return str(request.items[0]) if isinstance(request, TupleNode) and request.items else ""


def _described_http(request: DictNode) -> Tree:
    url = urlsplit(str(field(request, "url")))
    query = [TupleNode([name, value]) for name, value in sorted(parse_qsl(url.query, keep_blank_values=True))]
    headers = field(request, "headers")
    kept: dict[str, Tree] = {}
    if isinstance(headers, DictNode):
        for name, value in zip(headers.keys, headers.values, strict=True):
            if str(name).lower() not in _AUTOMATIC_HEADERS:
                kept[str(name).lower()] = value
    body = field(request, "body")
    data = body.data if isinstance(body, BytesNode) else b""
    content_type = str(kept.get("content-type", ""))
    form, document = parse_body(content_type, data)
    names: list[Tree] = ["url", "query", "headers", form]
    plain = f"{url.scheme}://{url.netloc}{url.path}"
    shown = DictNode([*sorted(kept)], [kept[name] for name in sorted(kept)])
    return DictNode(names, [plain, ListNode(list(query)), shown, document])


def without_body(request: Tree) -> Tree:
    """An HTTP request as it is before its body is sent."""
    if not isinstance(request, DictNode):
        return request
    pairs = zip(request.keys, request.values, strict=True)
    return DictNode(list(request.keys), [BytesNode(b"") if key == "body" else value for key, value in pairs])


def parse_body(content_type: str, data: bytes) -> tuple[str, Tree]:
    """(what it is called in a field path, value): a body as the document that its content type says."""
    kind = content_type.partition(";")[0].strip().lower()
    try:
        if kind == "application/json" or kind.endswith("+json"):
            return "json", capture(json.loads(data)) if data else None
        if kind == "application/x-www-form-urlencoded":
            return "form", capture(parse_qsl(data.decode(), keep_blank_values=True))
        if kind.startswith("text/") or kind in ("application/xml", "application/javascript"):
            return "text", capture(data.decode().splitlines())
    except (ValueError, RecursionError):
        return "body", BytesNode(data)  # it is not what it says: compared as bytes
    return "body", BytesNode(data)


def read_ahead(boundary: str, request: Tree) -> None:
    """Parse the statement of a request, so that asking about it later is quick."""
    if boundary == "sqlite3" and _sql(request):
        canonical_sql(_sql(request))
        _operation_of_sql(_sql(request))


@functools.lru_cache(maxsize=4096)
def canonical_sql(sql: str) -> str:
    """A statement as sqlglot writes what it parsed; white space, case of keywords and needless quotes are gone."""
    parsed = _parse(sql)
    if parsed is None:
        return " ".join(sql.split())
    return str(parsed.sql(dialect="sqlite", normalize=True, comments=False))


@functools.lru_cache(maxsize=4096)
def _operation_of_sql(sql: str) -> str:
    """Kind and tables: `SELECT trades`."""
    parsed = _parse(sql)
    if parsed is None:
        words = sql.split(None, 1)
        return words[0].upper() if words else ""
    from sqlglot import exp

    tables = sorted({table.name.lower() for table in parsed.find_all(exp.Table)})
    return " ".join([sql.split(None, 1)[0].upper(), ",".join(tables)]).strip()


@functools.lru_cache(maxsize=4096)
def _parse(sql: str) -> Any:
    import sqlglot  # 0.1 s that only a request that differs is worth

    try:
        return sqlglot.parse_one(sql, dialect="sqlite")
    except sqlglot.errors.SqlglotError:
        return None
