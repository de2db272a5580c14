"""The client of `aiohttp`."""

from __future__ import annotations

from .row import Change, Row

_SERVICE = """
import asyncio

import aiohttp

BASE = "http://127.0.0.1:{port}"
SECRET = "{terces}"[::-1]


async def pieces():
    yield b"one, "
    yield b"two"


def work():
    return asyncio.run(working())


async def working():
    async with aiohttp.ClientSession(BASE) as session:
        async with session.get("/price", params={"sku": 7}, headers={"X-Trace": "a1"}) as answer:
            price = await answer.json(), answer.headers["x-served-by"], answer.reason, tuple(answer.version)
        async with session.get("/moved") as answer:
            moved = [one.status for one in answer.history], str(answer.url), await answer.text()
        async with session.get("/nothing") as answer:
            missing = answer.status, answer.ok, await answer.json()
        async with session.get("/gzip") as answer:
            pressed = len(await answer.read()), answer.headers["Content-Encoding"]
        sent = []
        form = aiohttp.FormData({"a": "b c"})
        parts = aiohttp.FormData()
        parts.add_field("file", b"held", filename="held.txt")
        for given in ({"json": {"sku": 7, "qty": 3}}, {"data": form}, {"data": pieces()}, {"data": b""}):
            async with session.post("/orders", **given) as answer:
                sent.append((answer.status, await answer.json()))
        async with session.post("/orders", data=parts) as answer:
            sent.append((await answer.json())["size"])
        async with session.post("/orders", data=b"wait", expect100=True, compress=False) as answer:
            sent.append(await answer.json())
        async with session.get("/chunked") as answer:
            streamed = b"".join([piece async for piece in answer.content.iter_chunked(4)])
        async with session.get("/chunked") as answer:
            lines = [await answer.content.readexactly(7), await answer.content.readuntil(b";"), answer.content.at_eof()]
        async with session.get("/chunked") as answer:
            first = await answer.content.read(3)
        head = await session.head("/price?sku=2")
        three = await asyncio.gather(*(session.get("/price", params={"sku": number}) for number in (1, 2, 3)))
        cents = [(await one.json())["cents"] for one in three]
    return price, moved, missing, pressed, sent, streamed, lines, first, (head.status, await head.read()), cents


def fail():
    return asyncio.run(failing())


async def failing():
    seen = []
    short = aiohttp.ClientTimeout(total=0.2)
    between = aiohttp.ClientTimeout(sock_read=0.2)
    asked = (("/reset", {}), ("/slow", {"timeout": short}), ("/slow", {"timeout": between}), ("/cut", {}))
    asked += (("/stuck", {"timeout": short}), ("/stuck", {"timeout": between}), ("/nonsense", {}))
    async with aiohttp.ClientSession(BASE) as session:
        for path, limits in asked:
            try:
                async with session.get(path, **limits) as answer:
                    seen.append(answer.status)
                    await answer.read()
            except (aiohttp.ClientError, asyncio.TimeoutError) as error:
                seen.append((type(error).__name__, str(error)))
        for path, limit in (("/slow", 0.2), ("/stuck", 0.3)):
            try:
                async with asyncio.timeout(limit):
                    async with session.get(path) as answer:
                        seen.append(await answer.content.read(3))
                        await answer.read()
            except TimeoutError as error:
                seen.append((type(error).__name__, str(error)))
        try:
            async with session.get("/nothing", raise_for_status=True):
                pass
        except aiohttp.ClientResponseError as error:
            seen.append((error.status, error.message, str(error), str(error.request_info.real_url)))
        try:
            async with session.get("/price?sku=1") as answer:
                await answer.json(content_type="text/plain")
        except aiohttp.ContentTypeError as error:
            seen.append((error.status, error.message, error.headers["X-Served-By"]))
        try:
            await session.get("/moved", max_redirects=1)
        except aiohttp.TooManyRedirects as error:
            seen.append([one.status for one in error.history])
        try:
            await session.post("/orders", data=broken())
        except aiohttp.ClientError as error:
            seen.append((type(error).__name__, "no more" in str(error)))
    return seen


async def broken():
    yield b"one"
    raise ValueError("no more")


def many():
    return asyncio.run(gathered())


async def gathered():
    async with aiohttp.ClientSession(BASE) as session:

        async def one(number):
            async with session.get("/echo", params={"n": number}) as answer:
                return number, (await answer.json())["n"]

        return await asyncio.gather(*map(one, range(50)))


def secret():
    async def log_in():
        async with aiohttp.ClientSession(BASE, headers={"Authorization": "Bearer " + SECRET}) as session:
            async with session.post("/login", json={"password": SECRET}) as answer:
                return (await answer.json())["authorized"]

    return asyncio.run(log_in())


def refused():
    async def ask():
        async with aiohttp.ClientSession() as session:
            try:
                await session.post("http://127.0.0.1:{closed}/", json={"a": 1})
            except aiohttp.ClientConnectorError as error:
                cause = type(error.os_error).__name__, error.os_error.errno
                return type(error).__name__, str(error), error.host, error.port, error.errno, cause

    return asyncio.run(ask())
"""

ROWS = (
    Row(
        "aiohttp",
        "http_service",
        ("aiohttp",),
        _SERVICE,
        (
            Change('params={"sku": 7}', 'params={"sku": 8}', "/price query"),
            Change('"qty": 3', '"qty": 30', "/orders json.qty"),
            Change('"X-Trace": "a1"', '"X-Trace": "b2"', "/price headers.x-trace"),
            Change('yield b"two"', 'yield b"three"', "/orders body"),
            Change('"a": "b c"', '"a": "b d"', "/orders form"),
        ),
    ),
)
