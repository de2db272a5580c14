"""Traffic for the order service: some hundred requests, four at a time, always the same ones.

python orders_traffic.py http://127.0.0.1:8000
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

import httpx

SEED = 7
AT_A_TIME = 4
EXPECTED = frozenset({200, 201, 402, 404, 409, 422, 503})
CUSTOMERS = ("ada", "bob", "cleo", "dan", "eve")
COUNTRIES = ("DE", "DE", "FR", "AT", "NL", "LU", "CH")
GOODS = ("BOOK-01", "CABLE-1", "LAMP-07", "MUG-003", "PEN-100")


def order(customer: str, *lines: tuple[str, int], country: str = "DE", coupon: str | None = None) -> dict[str, Any]:
    goods = [{"sku": sku, "quantity": quantity} for sku, quantity in lines]
    return {"customer": customer, "country": country, "lines": goods, "coupon": coupon}


def ordinary(rng: random.Random) -> dict[str, Any]:
    lines = [(sku, rng.choice((1, 1, 2, 3, 7, 12))) for sku in rng.sample(GOODS, rng.choice((1, 2, 3)))]
    coupon = rng.choice((None, None, "WELCOME10", "VIP25", "EXPIRED"))
    return order(rng.choice(CUSTOMERS), *lines, country=rng.choice(COUNTRIES), coupon=coupon)


REFUSED: tuple[dict[str, Any], ...] = (
    order("ada", ("SOLD-00", 1)),
    order("bob", ("RARE-99", 5)),
    order("bob", ("RARE-99", 1)),
    order("cleo", ("NOPE-00", 1)),
    order("mallory", ("BOOK-01", 1)),
    order("broke", ("MUG-003", 2), country="FR"),
    order("dan", ("LAMP-07", 1), ("CABLE-1", 900), ("CABLE-1", 900)),
    order("unlucky", ("PEN-100", 150)),
    order("wobbly", ("PEN-100", 10)),
    order("eve", ("PEN-100", 0)),
    order("eve", ("PEN-100", 1), country="Germany"),
    order("", ("PEN-100", 1)),
    {"customer": "eve", "country": "DE", "lines": []},
)


class Shop:
    """Sends requests to one service, `AT_A_TIME` at a time, and counts the answers."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._free = asyncio.Semaphore(AT_A_TIME)
        self.statuses: Counter[int] = Counter()

    async def send(self, method: str, path: str, json: Any = None) -> Any:
        async with self._free:
            answer = await self._client.request(method, path, json=json)
        self.statuses[answer.status_code] += 1
        return answer.json()

    async def place(self, wanted: Sequence[dict[str, Any]]) -> list[str]:
        """The ids of the orders that went through."""
        answers = await asyncio.gather(*(self.send("POST", "/orders", one) for one in wanted))
        return [answer["id"] for answer in answers if "id" in answer]


async def run(url: str) -> Counter[int]:
    rng = random.Random(SEED)
    limits = httpx.Limits(max_keepalive_connections=0)  # each request may come to another worker
    async with httpx.AsyncClient(base_url=url, timeout=30, limits=limits) as client:
        shop = Shop(client)
        await asyncio.gather(*(shop.send("GET", "/products") for _ in range(4)))
        ids = await shop.place([ordinary(rng) for _ in range(40)])
        await shop.place(REFUSED)
        shipped, cancelled = ids[::4], ids[1::5]
        await asyncio.gather(*(shop.send("POST", f"/orders/{one}/ship") for one in shipped))
        await asyncio.gather(*(shop.send("DELETE", f"/orders/{one}") for one in cancelled))
        await asyncio.gather(*(shop.send("POST", f"/orders/{one}/ship") for one in shipped[:2] + cancelled[:2]))
        await asyncio.gather(*(shop.send("DELETE", f"/orders/{one}") for one in cancelled[:2]))
        paths = [f"/orders/{one}" for one in ids[::3]]
        paths += [f"/orders?customer={one}" for one in (*CUSTOMERS, "nobody")]
        paths += [f"/orders?customer={one}&limit=2" for one in CUSTOMERS[:2]]
        paths += ["/orders?customer=ada&limit=0", "/orders/not-an-id", f"/orders/{'0' * 8}-0000-4000-8000-{'0' * 12}"]
        paths += ["/products"] * 4 + ["/reports/revenue"] * 2 + ["/health"] * 2
        rng.shuffle(paths)
        await asyncio.gather(*(shop.send("GET", path) for path in paths))
        return shop.statuses


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Send the example's traffic to the order service.")
    parser.add_argument("url", nargs="?", default="http://127.0.0.1:8000")
    statuses = asyncio.run(run(parser.parse_args(argv).url))
    counts = ", ".join(f"{code}: {count}" for code, count in sorted(statuses.items()))
    print(f"{statuses.total()} requests by status: {counts}")
    missing = sorted(EXPECTED - statuses.keys())
    unforeseen = sorted(statuses.keys() - EXPECTED)
    if missing or unforeseen:
        print(f"never seen: {missing}; not foreseen: {unforeseen}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
