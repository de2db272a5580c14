"""The requests that are sent: the same ones in the same order every time, varied as traffic varies."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import NamedTuple

VARIANTS = 997
CUSTOMERS = ("alice", "bob", "carol", "dave", "erin", "guest")
ARTICLES = tuple((f"article-{number}", 95 + 61 * number, 15 + number % 30) for number in range(40))
"""Name, price in cents, pieces in stock: more than a few orders are refused."""

HEADERS = {
    "User-Agent": "python-requests/2.34.2",
    "Accept-Encoding": "gzip, deflate",
    "Accept": "*/*",
    "Connection": "keep-alive",
}
"""As `requests` sends them."""


class Request(NamedTuple):
    method: str
    target: str
    id: str
    """What a load balancer puts into `X-Request-Id`."""
    json: dict[str, object] | None = None

    @property
    def headers(self) -> dict[str, str]:
        more = {} if self.json is None else {"Content-Type": "application/json"}
        return {**HEADERS, "X-Request-Id": self.id, **more}

    @property
    def body(self) -> bytes | None:
        return None if self.json is None else json.dumps(self.json).encode()


def _id(rng: random.Random) -> str:
    return f"{rng.getrandbits(128):032x}"


def _ping(rng: random.Random) -> Request:
    quantities = ",".join(str(rng.choice((rng.randint(1, 9), rng.randint(10, 60)))) for _ in range(rng.randint(1, 5)))
    return Request("GET", f"/ping?customer={rng.choice(CUSTOMERS)}&quantities={quantities}", _id(rng))


def _order(rng: random.Random) -> Request:
    return Request("POST", "/order", _id(rng), {"article": rng.choice(ARTICLES)[0], "quantity": rng.randint(1, 20)})


def _some(make: Callable[[random.Random], Request], seed: int) -> list[Request]:
    rng = random.Random(seed)
    return [make(rng) for _ in range(VARIANTS)]


ROUTES = {"ping": _some(_ping, 1), "order": _some(_order, 2)}
