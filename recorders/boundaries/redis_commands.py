"""Commands of Redis: how they are read from what is sent, and what they mean.

A request is the arguments of one command, texts where they are UTF-8 and bytes where they are not. Commands that are
sent together (pipelines, transactions) are one exchange each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ..model.trace import Exchange
from ..model.value_tree import ListNode, Tree, TupleNode, record
from ..model.world import Effect, Operation
from .cache_keys import kind_of, name_of, plain
from .protocol import PlainCodec, Visit

_READING = frozenset(
    {
        *("GET", "MGET", "EXISTS", "TTL", "PTTL", "TYPE", "KEYS", "SCAN", "STRLEN", "GETRANGE", "SUBSTR", "DUMP"),
        *("EXPIRETIME", "PEXPIRETIME", "RANDOMKEY", "DBSIZE", "LCS", "SORT_RO", "EVAL_RO", "EVALSHA_RO", "FCALL_RO"),
        *("HGET", "HGETALL", "HMGET", "HLEN", "HKEYS", "HVALS", "HEXISTS", "HSCAN", "HSTRLEN", "HRANDFIELD", "HTTL"),
        *("LLEN", "LRANGE", "LINDEX", "LPOS", "SMEMBERS", "SISMEMBER", "SMISMEMBER", "SCARD", "SSCAN", "SINTER"),
        *("SINTERCARD", "SUNION", "SDIFF", "SRANDMEMBER", "ZRANGE", "ZRANGEBYSCORE", "ZREVRANGE", "ZREVRANGEBYSCORE"),
        *("ZRANGEBYLEX", "ZREVRANGEBYLEX", "ZSCORE", "ZMSCORE", "ZCARD", "ZCOUNT", "ZLEXCOUNT", "ZRANK", "ZREVRANK"),
        *("ZSCAN", "ZINTER", "ZUNION", "ZDIFF", "ZINTERCARD", "ZRANDMEMBER", "BITCOUNT", "GETBIT", "BITPOS"),
        *("BITFIELD_RO", "PFCOUNT", "XRANGE", "XREVRANGE", "XLEN", "XREAD", "XINFO", "XPENDING", "GEOPOS", "GEODIST"),
        *("GEOHASH", "GEOSEARCH", "GEORADIUS_RO", "GEORADIUSBYMEMBER_RO", "PING", "ECHO", "TIME", "INFO", "COMMAND"),
        *("LASTSAVE", "MEMORY", "OBJECT", "PUBSUB", "SLOWLOG", "LOLWUT", "WATCH", "UNWATCH"),
        *("SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE"),
    }
)
"""Commands that leave the data as it is (https://redis.io/docs/latest/commands/, flag `readonly`, and those that only
listen)."""

_OF_SESSION = frozenset({"AUTH", "HELLO", "SELECT", "CLIENT", "QUIT", "RESET", "READONLY", "READWRITE"})

SUBSCRIBING = frozenset({"SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "MONITOR"})
"""Commands after which a connection gives messages instead of answers."""

_OF_PAIRS = {"HSET": 1, "HMSET": 1, "MSET": 0, "MSETNX": 0}
"""Commands whose arguments are names and values in turn → where these begin."""

_WITHOUT_KEY = frozenset({"EVAL", "EVALSHA", "FCALL", "EVAL_RO", "EVALSHA_RO", "FCALL_RO"})
"""Commands whose first argument is code, the second the number of keys that follow."""

_TAKING = frozenset(
    {"GETDEL", "GETSET", "GETEX", "LPOP", "RPOP", "SPOP", "BLPOP", "BRPOP", "LMOVE", "ZPOPMIN", "ZPOPMAX"}
)
"""Commands that change the data and give what was there."""

_CONTAINERS = frozenset({"SCRIPT", "OBJECT", "XINFO", "XGROUP", "MEMORY", "FUNCTION", "ACL", "PUBSUB", "CONFIG"})
"""Commands of two words."""


def split_commands(packed: Iterable[Any]) -> Iterator[list[str | bytes]]:
    """The commands in what a client is about to send, in the protocol of Redis (RESP: arrays of bulk strings). Raises
    `ValueError` where it is in another form."""
    data = packed if isinstance(packed, bytes) else b"".join(packed)
    at = 0
    while at < len(data):
        end = data.index(b"\r\n", at)
        count = int(data[at + 1 : end])
        at = end + 2
        command: list[str | bytes] = []
        for _ in range(count):
            end = data.index(b"\r\n", at)
            size = int(data[at + 1 : end])
            command.append(_text(data[end + 2 : end + 2 + size]))
            at = end + 4 + size
        yield command


def _text(data: bytes) -> str | bytes:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data


def operation(command: Sequence[str | bytes], resource: str) -> tuple[Operation, tuple[str | bytes, ...]]:
    """What a command asks for, and with which arguments."""
    name, at = str(command[0]).upper(), 1
    if name in _CONTAINERS and len(command) > 1:
        name, at = f"{name} {str(command[1]).upper()}", 2
    return Operation("redis", name, resource, _effect(name)), tuple(command[at:])


def _effect(name: str) -> Effect:
    first = name.partition(" ")[0]
    if first in _OF_SESSION:
        return "session"
    return "read" if first in _READING or name == "SCRIPT EXISTS" else "write"


class RedisCodec(PlainCodec):
    """Commands are compared by their arguments as they are sent."""

    def label(self, operation: Operation, request: Tree) -> str:
        """Command and key: `SET cart:7`."""
        return f"{operation.name} {_key(operation, request)}".strip()

    def canonical(self, operation: Operation, request: Tree) -> Tree:
        """The key by itself, the other arguments in order."""
        if not isinstance(request, TupleNode) or not request.items:
            return request
        if operation.name in _WITHOUT_KEY:
            return record(script=request.items[0], arguments=TupleNode(request.items[1:]))
        return record(key=request.items[0], arguments=TupleNode(request.items[1:]))

    def operation_key(self, operation: Operation, request: Tree) -> str:
        """The command and the kind of its key: the answer for one cart can stand for that of another."""
        return f"redis {operation.name} {kind_of(_key(operation, request))}"

    def visit(self, exchange: Exchange, names: Any, visit: Visit) -> Exchange:
        """Values under the kind of their key, or under their field: what is kept as `token:7` is a token."""
        request = exchange.request
        operation = Operation(exchange.boundary, exchange.operation, exchange.resource, exchange.effect)
        if not isinstance(request, TupleNode):
            return super().visit(exchange, names, visit)
        if operation.name in ("AUTH", "HELLO"):
            shown = TupleNode([visit("password", part) for part in request.items])
            return self.visited(exchange, visit, shown, exchange.items)
        kind = name_of(_key(operation, request))
        parts = _visited_arguments(operation.name, kind, request.items, visit)
        items = [visit(kind, item) for item in exchange.items]
        answer = _answer_name(operation.name, kind, request.items)
        return self.visited(_with_fields(exchange, visit), visit, TupleNode(parts), items, answer=answer)


def _visited_arguments(name: str, kind: str, arguments: list[Tree], visit: Visit) -> list[Tree]:
    if name in _OF_PAIRS:
        start = _OF_PAIRS[name]
        shown = [visit("", part) for part in arguments[:start]]
        for at in range(start, len(arguments), 2):
            field = arguments[at]
            called = str(field) if start else name_of(field)
            shown.append(visit("", field))
            shown += [visit(called, value) for value in arguments[at + 1 : at + 2]]
        return shown
    if name in _WITHOUT_KEY:
        return [visit("", part) for part in arguments]
    return [visit(kind if at else "", part) for at, part in enumerate(arguments)]


def _answer_name(name: str, kind: str, arguments: list[Tree]) -> str:
    """What the answer to a command is called: the field that it asks for, else the kind of the key."""
    if name == "HGET" and len(arguments) > 1:
        return str(arguments[1])
    is_value = (name in _READING and name != "HGETALL") or name in _TAKING
    return kind if is_value else ""  # `OK` is no password


def _with_fields(exchange: Exchange, visit: Visit) -> Exchange:
    """The answer to `HGETALL` with its values under their fields, where it came as one list (RESP 2)."""
    answer = exchange.answer
    if exchange.operation != "HGETALL" or not isinstance(answer, ListNode):
        return exchange
    shown: list[Tree] = []
    for at, part in enumerate(answer.items):
        name = plain(answer.items[at - 1]) if at % 2 else ""
        shown.append(visit(name, part) if name else part)
    return Exchange(
        exchange.boundary,
        exchange.operation,
        exchange.resource,
        exchange.effect,
        exchange.request,
        ListNode(shown),
        exchange.items,
        exchange.ended,
        exchange.error,
        exchange.site,
        exchange.lane,
    )


def _key(operation: Operation, request: Tree) -> str:
    """The first key of a command, empty where it has none."""
    arguments = request.items if isinstance(request, TupleNode) else []
    at = 2 if operation.name in _WITHOUT_KEY else 0
    return plain(arguments[at]) if len(arguments) > at else ""
