"""`redis`, synchronous and asynchronous."""

from __future__ import annotations

from .row import Change, Row

_SYNC = """
from concurrent.futures import ThreadPoolExecutor

import redis

client = redis.Redis(port={port}, decode_responses=True)
raw = redis.Redis(port={port})
SECRET = "{terces}"[::-1]

TAKE = "local n = redis.call('DECRBY', KEYS[1], ARGV[1]) return n"


def work():
    client.flushdb()
    client.set("cart:7", "3 apples", ex=60)
    seen = {"cart": client.get("cart:7"), "missing": client.get("cart:8"), "bytes": raw.get("cart:7")}
    raw.set("blob:1", bytes(range(256)))
    seen["blob"] = raw.get("blob:1")
    client.hset("user:7", mapping={"name": "Ann", "age": 41})
    seen["user"] = client.hgetall("user:7")
    client.sadd("tags", "a", "b")
    seen["tags"] = client.smembers("tags")
    client.zadd("scores", {"ann": 1.5, "bob": 2.5})
    seen["scores"] = client.zrange("scores", 0, -1, withscores=True)
    with client.pipeline() as pipe:
        pipe.incrby("stock:7", 10)
        pipe.decr("stock:7")
        pipe.get("stock:7")
        seen["transaction"] = pipe.execute()
    with client.pipeline(transaction=False) as pipe:
        seen["pipeline"] = pipe.rpush("queue", "x").lpop("queue").execute()
    with client.pipeline() as pipe:
        pipe.watch("stock:7")
        left = int(pipe.get("stock:7"))
        pipe.multi()
        pipe.set("stock:7", left - 1)
        seen["watched"] = pipe.execute()
    take = client.register_script(TAKE)
    seen["script"] = take(keys=["stock:7"], args=[2])
    with client.lock("lock:7", timeout=10):
        seen["locked"] = client.exists("lock:7")
    listener = client.pubsub(ignore_subscribe_messages=True)
    listener.subscribe("news")
    listener.get_message(timeout=1)
    client.publish("news", "hello")
    seen["news"] = listener.get_message(timeout=1)
    listener.close()
    seen["keys"] = sorted(client.scan_iter("cart:*"))
    return seen


def fail():
    client.set("text", "not a number")
    seen = []
    for attempt in (lambda: client.incr("text"), lambda: client.lpush("text", 1), lambda: client.execute_command("NO")):
        try:
            attempt()
        except redis.RedisError as error:
            seen.append((type(error).__name__, str(error)))
    results = client.pipeline(transaction=False).incr("text").get("text").execute(raise_on_error=False)
    return seen, [str(one) for one in results], type(results[0]).__name__


def many():
    def one(number):
        client.set(f"task:{number}", number)
        return number, int(client.get(f"task:{number}"))

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(one, range(50)))


def secret():
    client.set("password:7", SECRET)
    client.hset("user:9", "api_key", SECRET)
    return len(client.get("password:7")), len(client.hget("user:9", "api_key"))


def refused():
    try:
        redis.Redis(port={closed}, retry=None).get("x")
    except redis.ConnectionError as error:
        return type(error).__name__, str(error)
"""

_ASYNC = """
import asyncio

import redis.asyncio as redis

SECRET = "{terces}"[::-1]


def connect():
    return redis.Redis(port={port}, decode_responses=True)


def work():
    return asyncio.run(working())


async def working():
    client = connect()
    await client.flushdb()
    await client.set("cart:7", "3 apples", ex=60)
    seen = {"cart": await client.get("cart:7"), "missing": await client.get("cart:8")}
    await client.hset("user:7", mapping={"name": "Ann", "age": 41})
    seen["user"] = await client.hgetall("user:7")
    async with client.pipeline() as pipe:
        seen["transaction"] = await pipe.incrby("stock:7", 10).decr("stock:7").get("stock:7").execute()
    async with client.pipeline() as pipe:
        await pipe.watch("stock:7")
        left = int(await pipe.get("stock:7"))
        pipe.multi()
        pipe.set("stock:7", left - 1)
        seen["watched"] = await pipe.execute()
    take = client.register_script("return redis.call('DECRBY', KEYS[1], ARGV[1])")
    seen["script"] = await take(keys=["stock:7"], args=[2])
    async with client.lock("lock:7", timeout=10):
        seen["locked"] = await client.exists("lock:7")
    listener = client.pubsub(ignore_subscribe_messages=True)
    await listener.subscribe("news")
    await client.publish("news", "hello")
    news = None
    while news is None:
        news = await listener.get_message(timeout=1)
    seen["news"] = news
    await listener.aclose()
    await client.aclose()
    return seen


def fail():
    return asyncio.run(failing())


async def failing():
    client = connect()
    await client.set("text", "not a number")
    seen = []
    for attempt in (client.incr("text"), client.lpush("text", 1)):
        try:
            await attempt
        except redis.RedisError as error:
            seen.append((type(error).__name__, str(error)))
    await client.aclose()
    return seen


def many():
    return asyncio.run(gathered())


async def gathered():
    client = connect()

    async def one(number):
        await client.set(f"task:{number}", number)
        await asyncio.sleep(0)
        return number, int(await client.get(f"task:{number}"))

    found = await asyncio.gather(*map(one, range(50)))
    await client.aclose()
    return found


def secret():
    async def both():
        client = connect()
        await client.set("password:7", SECRET)
        await client.hset("user:9", "api_key", SECRET)
        found = len(await client.get("password:7")), len(await client.hget("user:9", "api_key"))
        await client.aclose()
        return found

    return asyncio.run(both())


def refused():
    async def ask():
        client = redis.Redis(port={closed}, retry=None)
        try:
            await client.get("x")
        except redis.ConnectionError as error:
            return type(error).__name__, str(error)
        finally:
            await client.aclose()

    return asyncio.run(ask())
"""

ROWS = (
    Row(
        "redis",
        "redis_server",
        ("redis",),
        _SYNC,
        (
            Change('"3 apples"', '"4 apples"', "SET cart:7 arguments[0]"),
            Change('pipe.decr("stock:7")', 'pipe.decrby("stock:7", 2)', "DECRBY stock:7"),
            Change("args=[2]", "args=[3]", "stock:7"),
            Change('    client.publish("news", "hello")\n', '    client.publish("news", "bye")\n', "PUBLISH news"),
        ),
    ),
    Row(
        "redis.asyncio",
        "redis_server",
        ("redis",),
        _ASYNC,
        (
            Change('"3 apples"', '"4 apples"', "SET cart:7 arguments[0]"),
            Change('decr("stock:7")', 'decrby("stock:7", 2)', "DECRBY stock:7"),
        ),
    ),
)
