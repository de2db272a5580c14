"""Clients of HTTP: `urllib3` by way of `requests`, `httpx` both ways."""

from __future__ import annotations

from .row import Change, Row

_REQUESTS = """
from concurrent.futures import ThreadPoolExecutor

import requests
import urllib3

BASE = "http://127.0.0.1:{port}"
SECRET = "{terces}"[::-1]


def work():
    with requests.Session() as session:
        price = session.get(BASE + "/price", params={"sku": 7}, headers={"X-Trace": "a1"})
        moved = session.get(BASE + "/moved")
        missing = session.get(BASE + "/nothing")
        pressed = session.get(BASE + "/gzip").text
        made = session.post(BASE + "/orders", json={"sku": 7, "qty": 3})
        form = session.post(BASE + "/orders", data={"a": "b c"})
        streamed = list(session.get(BASE + "/chunked", stream=True).iter_content(None))
        plain = urllib3.PoolManager().request("HEAD", BASE + "/price?sku=2").status
    return (
        (price.json(), price.headers["X-Served-By"], [one.status_code for one in moved.history], moved.url),
        (missing.status_code, missing.json(), len(pressed), made.status_code, made.json(), form.json()["body"]),
        (b"".join(streamed), plain),
    )


def fail():
    seen = []
    for path, limits in (("/reset", {}), ("/slow", {"timeout": 0.2})):
        try:
            requests.get(BASE + path, **limits)
        except requests.RequestException as error:
            seen.append(type(error).__name__)
    return seen


def many():
    def one(number):
        return number, requests.get(BASE + "/echo", params={"n": number}).json()["n"]

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(one, range(50)))


def secret():
    answer = requests.post(BASE + "/login", json={"password": SECRET}, headers={"Authorization": "Bearer " + SECRET})
    return answer.json()["authorized"]


def refused():
    try:
        requests.get("http://127.0.0.1:{closed}/")
    except requests.ConnectionError as error:
        return type(error).__name__
"""

_HTTPX = """
from concurrent.futures import ThreadPoolExecutor

import httpx

BASE = "http://127.0.0.1:{port}"
SECRET = "{terces}"[::-1]
shared = httpx.Client(base_url=BASE)


def pieces():
    yield b"one, "
    yield b"two"


def work():
    with httpx.Client(base_url=BASE, follow_redirects=True) as client:
        price = client.get("/price", params={"sku": 7}, headers={"X-Trace": "a1"})
        moved = client.get("/moved")
        missing = client.get("/nothing")
        pressed = client.get("/gzip").text
        made = client.post("/orders", json={"sku": 7, "qty": 3})
        form = client.post("/orders", data={"a": "b c"})
        sent = client.post("/orders", content=pieces())
        head = client.head("/price?sku=2")
        with client.stream("GET", "/chunked") as answer:
            streamed = b"".join(answer.iter_bytes())
        with client.stream("GET", "/chunked") as answer:
            first = next(answer.iter_raw(8))
    return (
        (price.json(), price.headers["X-Served-By"], [one.status_code for one in moved.history], str(moved.url)),
        (missing.status_code, missing.json(), len(pressed), made.status_code, made.json(), form.json()["body"]),
        (sent.json(), head.status_code, head.reason_phrase, head.http_version, streamed, first),
        shared.get("/price?sku=1").json(),
    )


def fail():
    seen = []
    for path, limits in (("/reset", {}), ("/slow", {"timeout": 0.2})):
        try:
            shared.get(path, **limits)
        except httpx.HTTPError as error:
            seen.append((type(error).__name__, str(error), str(error.request.url)[-5:]))
    return seen


def many():
    def one(number):
        return number, shared.get("/echo", params={"n": number}).json()["n"]

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(one, range(50)))


def secret():
    answer = shared.post("/login", json={"password": SECRET}, headers={"Authorization": "Bearer " + SECRET})
    return answer.json()["authorized"]


def refused():
    try:
        httpx.get("http://127.0.0.1:{closed}/")
    except httpx.ConnectError as error:
        return type(error).__name__, str(error)
"""

_HTTPX_ASYNC = """
import asyncio

import httpx

BASE = "http://127.0.0.1:{port}"
SECRET = "{terces}"[::-1]


async def pieces():
    yield b"one, "
    yield b"two"


def work():
    return asyncio.run(working())


async def working():
    async with httpx.AsyncClient(base_url=BASE, follow_redirects=True) as client:
        price = await client.get("/price", params={"sku": 7}, headers={"X-Trace": "a1"})
        moved = await client.get("/moved")
        missing = await client.get("/nothing")
        pressed = (await client.get("/gzip")).text
        made = await client.post("/orders", json={"sku": 7, "qty": 3})
        sent = await client.post("/orders", content=pieces())
        async with client.stream("GET", "/chunked") as answer:
            streamed = b"".join([piece async for piece in answer.aiter_bytes()])
        three = await asyncio.gather(*(client.get("/price", params={"sku": number}) for number in (1, 2, 3)))
    return (
        (price.json(), price.headers["X-Served-By"], [one.status_code for one in moved.history], str(moved.url)),
        (missing.status_code, missing.json(), len(pressed), made.status_code, made.json(), sent.json(), streamed),
        [one.json()["cents"] for one in three],
    )


def fail():
    return asyncio.run(failing())


async def failing():
    seen = []
    async with httpx.AsyncClient(base_url=BASE) as client:
        for path, limits in (("/reset", {}), ("/slow", {"timeout": 0.2})):
            try:
                await client.get(path, **limits)
            except httpx.HTTPError as error:
                seen.append((type(error).__name__, str(error)))
    return seen


def many():
    return asyncio.run(gathered())


async def gathered():
    async with httpx.AsyncClient(base_url=BASE) as client:

        async def one(number):
            return number, (await client.get("/echo", params={"n": number})).json()["n"]

        return await asyncio.gather(*map(one, range(50)))


def secret():
    async def log_in():
        async with httpx.AsyncClient(base_url=BASE) as client:
            given = {"Authorization": "Bearer " + SECRET}
            return (await client.post("/login", json={"password": SECRET}, headers=given)).json()["authorized"]

    return asyncio.run(log_in())


def refused():
    async def ask():
        async with httpx.AsyncClient() as client:
            try:
                await client.get("http://127.0.0.1:{closed}/")
            except httpx.ConnectError as error:
                return type(error).__name__, str(error)

    return asyncio.run(ask())
"""

_CHANGES = (
    Change('params={"sku": 7}', 'params={"sku": 8}', "/price query"),
    Change('"qty": 3', '"qty": 30', "/orders json.qty"),
    Change('"X-Trace": "a1"', '"X-Trace": "b2"', "/price headers.x-trace"),
)

ROWS = (
    Row("requests", "http_service", ("requests", "urllib3"), _REQUESTS, _CHANGES),
    Row(
        "httpx",
        "http_service",
        ("httpx", "httpcore"),
        _HTTPX,
        (*_CHANGES, Change('yield b"two"', 'yield b"three"', "/orders body")),
    ),
    Row(
        "httpx.AsyncClient",
        "http_service",
        ("httpx", "httpcore"),
        _HTTPX_ASYNC,
        (*_CHANGES, Change('yield b"two"', 'yield b"three"', "/orders body")),
    ),
)
