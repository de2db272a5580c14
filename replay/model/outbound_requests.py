"""This file is about outbound requests: what makes two the same, and what makes two the same operation.

Exact is: equal as captured, or equal in canonical form (SQL as parsed, bodies as the documents they hold, headers
without those that a client library adds by itself). The same operation is: the statement's kind and tables, the
method and route of an HTTP request, the name of a declared function.
"""

from __future__ import annotations

import json
from typing import TypeAlias
from urllib.parse import parse_qsl, urlsplit

from ...recorders.boundaries.sql_names import parameter_names
from ...recorders.boundaries.sqlite import effect_of as effect_of_sql
from ...recorders.capture.thaw import capture
from ...recorders.entries.wsgi import route_guess
from ...recorders.model.value_tree import BytesNode, DictNode, ListNode, Tree, TupleNode, encode, field, record
from ...recorders.model.world import Effect, Operation
from .sql import Statement, canonical, operation_of, placed, with_own_columns

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
            return f"sqlite3 {operation_of(_sql(request))}" if _sql(request) else f"sqlite3 {operation.name}"
        case "http":
            url = urlsplit(str(field(request, "url")))
            return f"http {operation.name} {url.scheme}://{url.netloc}{route_guess(url.path)}"
        case _:
            return f"{operation.boundary} {operation.resource} {operation.name}"


def label(operation: Operation, request: Tree) -> str:
    """A request in a few words: `POST fraud/validate`, `INSERT trades`."""
    match operation.boundary:
        case "sqlite3":
            return operation_of(_sql(request)) if _sql(request) else operation.name.upper()
        case "http":
            url = urlsplit(str(field(request, "url")))
            return f"{operation.name} {url.netloc}{url.path}"
        case _:
            return f"{operation.resource}.{operation.name}()"


def described(operation: Operation, request: Tree) -> Tree:
    """A request as the fields that are compared."""
    if operation.boundary == "sqlite3" and isinstance(request, TupleNode):
        return _described_sql(operation, request)
    if operation.boundary == "http" and isinstance(request, DictNode):
        return _described_http(request)
    return request


def _described_sql(operation: Operation, request: TupleNode) -> Tree:
    """A statement in canonical form, and its values by the places where they land."""
    sql, *rest = request.items
    statement = canonical(str(sql), bound=bool(rest))
    values = rest[0] if rest else TupleNode([])
    if operation.name == "executemany" and isinstance(values, (ListNode, TupleNode)):
        return record(sql=statement.text, parameters=ListNode([_landed(statement, row) for row in values.items]))
    landed = _landed(statement, values)
    names = parameter_names(statement.text)
    if isinstance(landed, TupleNode) and len(names) == len(landed.items) == len(set(names)) and all(names):
        keys: list[Tree] = [*names]  # by the column next to each, where every one has a column of its own
        return record(sql=statement.text, parameters=DictNode(keys, landed.items))
    return record(sql=statement.text, parameters=landed)


def _landed(statement: Statement, values: Tree) -> Tree:
    placed_values = placed(statement.slots, values)
    return values if placed_values is None else TupleNode(placed_values)


def effect_of(operation: Operation, request: Tree) -> Effect:
    """What an exchange does, also where it was recorded by a version that took settings of a session for reads."""
    is_statement = operation.boundary == "sqlite3" and operation.name == "execute"
    return effect_of_sql(_sql(request)) if is_statement and _sql(request) else operation.effect


def answer_of(operation: Operation, asked: Tree, recorded: Tree, answer: Tree) -> Tree:
    """The recorded answer to a request that says the same in other words: columns by the names that it gives them."""
    match answer:
        case TupleNode(items=[TupleNode(items=columns), *facts]) if operation.boundary == "sqlite3":
            names = with_own_columns(_sql(asked), _sql(recorded), list(map(str, columns)))
            return TupleNode([TupleNode(list(names)), *facts])
        case _:
            return answer


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
        canonical(_sql(request), bound=isinstance(request, TupleNode) and len(request.items) > 1)
        operation_of(_sql(request))
