"""Clients of memcached."""

from __future__ import annotations

from .row import Change, Row

_SERVICE = """
from concurrent.futures import ThreadPoolExecutor

from pymemcache import serde
from pymemcache.client.base import Client, PooledClient
from pymemcache.client.hash import HashClient
from pymemcache.exceptions import MemcacheError

PLACE = ("127.0.0.1", {port})
SECRET = "{terces}"[::-1]
client = Client(PLACE, serde=serde.pickle_serde, default_noreply=False)
pool = PooledClient(PLACE, max_pool_size=8, default_noreply=False)


def work():
    client.flush_all()
    seen = [client.set("cart:7", {"apples": 3}, expire=60), client.get("cart:7"), client.get("cart:8", "none")]
    seen += [client.set_many({"a": 1, "b": "two"}), client.get_many(["a", "b", "c"]), client.add("a", 5)]
    value, unique = client.gets("a")
    seen += [value, client.cas("a", 2, unique), client.cas("a", 3, unique), client.replace("nothing", 1)]
    plain = Client(PLACE)
    plain.set("stock:7", b"10")
    seen += [plain.incr("stock:7", 5, noreply=False), plain.decr("stock:7", 1, noreply=False)]
    plain.append("stock:7", b" left")
    plain.prepend("stock:7", b"still ", noreply=False)
    plain.set("blob", bytes(range(256)))
    seen += [plain.get("stock:7"), plain.get("blob"), plain.touch("blob", 30, noreply=False)]
    seen += [plain.delete("blob", noreply=False), plain.delete("blob", noreply=False)]
    seen += [plain.version() != b"", len(plain.stats()) > 5]
    plain["item"] = b"x"
    seen += [plain["item"], plain.raw_command(b"mg item v", b"x\\r\\n")]
    plain.close()
    ring = HashClient([PLACE], use_pooling=True)
    ring.set("ring", b"1")
    seen.append(ring.get("ring"))
    ring.close()
    return seen


def fail():
    seen = []
    client.set("text", "not a number")
    for call in (
        lambda: client.incr("text", 1),
        lambda: client.get("white space"),
        lambda: client.raw_command("nonsense"),
        lambda: client.set("x", b"1" * 9, expire=-1, flags=1 << 40),
    ):
        try:
            seen.append(call())
        except MemcacheError as error:
            seen.append((type(error).__name__, str(error)))
    seen.append(client.get("text"))
    return seen


def many():
    def one(number):
        pool.set(f"number:{number}", str(number))
        return number, int(pool.get(f"number:{number}"))

    with ThreadPoolExecutor(8) as threads:
        return list(threads.map(one, range(50)))


def secret():
    client.set("session:token", SECRET)
    return len(client.get("session:token"))


def refused():
    seen = []
    for lenient in (False, True):
        other = Client(("127.0.0.1", {closed}), ignore_exc=lenient)
        try:
            seen.append(other.get("x"))
        except OSError as error:
            seen.append((type(error).__name__, error.errno, str(error)))
    return seen
"""

ROWS = (
    Row(
        "pymemcache",
        "memcached_server",
        ("pymemcache",),
        _SERVICE,
        (
            Change('"cart:7", {"apples": 3}', '"cart:7", {"apples": 4}', "SET cart:7 value"),
            Change("expire=60", "expire=61", "SET cart:7 expire"),
            Change('incr("stock:7", 5', 'incr("stock:7", 6', "INCR stock:7"),
            Change('plain.append("stock:7", b" left")', "pass", "APPEND stock:7"),
        ),
    ),
)
