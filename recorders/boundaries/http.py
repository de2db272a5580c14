"""HTTP exchanges: what they mean, whichever client they go through, and how paths and bodies are read.

A request is a record of `url`, `headers` (names and values) and `body`, an item a piece of the answer's body.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from ..capture.thaw import capture
from ..model.value_tree import BytesNode, DictNode, ListNode, Tree, TupleNode, field
from .protocol import PlainCodec
from .routes import route_guess

if TYPE_CHECKING:
    from ..model.trace import Exchange
    from ..model.world import Operation

_AUTOMATIC_HEADERS = frozenset(
    {"host", "user-agent", "accept-encoding", "connection", "content-length", "accept", "transfer-encoding"}
)
"""Headers that client libraries add by themselves; another version of one is no change of the service."""


class HttpCodec(PlainCodec):
    """Requests are compared by method, URL, query and headers by name, and bodies as the documents that they hold."""

    rest_is_gap = False

    def label(self, operation: Operation, request: Tree) -> str:
        """Method, host and path."""
        url = urlsplit(str(field(request, "url")))
        return f"{operation.name} {url.netloc}{url.path}"

    def operation_key(self, operation: Operation, request: Tree) -> str:
        """Method and route."""
        url = urlsplit(str(field(request, "url")))
        return f"{operation.boundary} {operation.name} {url.scheme}://{url.netloc}{route_guess(url.path)}"

    def canonical(self, operation: Operation, request: Tree) -> Tree:
        """URL, query and headers in order of name, without those that a client library adds; the body as a document."""
        if not isinstance(request, DictNode):
            return request
        url = urlsplit(str(field(request, "url")))
        query: list[Tree] = [TupleNode([*pair]) for pair in sorted(parse_qsl(url.query, keep_blank_values=True))]
        kept = _own_headers(field(request, "headers"))
        body = field(request, "body")
        form, document = parse_body(
            str(kept.get("content-type", "")), body.data if isinstance(body, BytesNode) else b""
        )
        shown = DictNode([*sorted(kept)], [kept[name] for name in sorted(kept)])
        plain = f"{url.scheme}://{url.netloc}{url.path}"
        return DictNode(["url", "query", "headers", form], [plain, ListNode(query), shown, document])

    def as_broken_off(self, exchange: Exchange, request: Tree) -> Tree | None:
        """The request without its body, where the connection failed before one was sent: nobody knows what it was."""
        body = field(exchange.request, "body")
        if exchange.error is None or not isinstance(body, BytesNode) or body.data or not isinstance(request, DictNode):
            return None
        pairs = zip(request.keys, request.values, strict=True)
        return DictNode(list(request.keys), [BytesNode(b"") if key == "body" else value for key, value in pairs])

    def join(self, items: list[Tree]) -> list[Tree]:
        """One piece: a secret may stand across the chunks in which it arrived."""
        whole = b"".join(item.data for item in items if isinstance(item, BytesNode))
        return [BytesNode(whole)] if whole else []


def _own_headers(headers: Tree) -> dict[str, Tree]:
    """Headers by lower-case name, without those that client libraries add."""
    if not isinstance(headers, DictNode):
        return {}
    pairs = ((str(name).lower(), value) for name, value in zip(headers.keys, headers.values, strict=True))
    return {name: value for name, value in pairs if name not in _AUTOMATIC_HEADERS}


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
