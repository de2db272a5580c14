"""A morning's traffic for the trading service: about 700 requests, several at a time, some kinds one time in a hundred.

    python traffic.py http://127.0.0.1:8000

Exits with 1 when a status that this traffic must bring about was never seen.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import requests

WORKERS = 6
SEED = 20_260_105
EXPECTED_STATUSES = frozenset({200, 201, 202, 302, 403, 404, 409, 422, 500, 502})

CUSTOMERS = ("alice", "bob", "carol")
# Cheap and dear, so that totals fall on both sides of the high-value threshold, and some near it.
SYMBOLS = ("ACME", "ACME", "GLBX", "GLBX", "UMBR", "INTK", "HOLI")


@dataclass(frozen=True)
class Call:
    """One request to send."""

    method: str
    path: str
    json: object = None
    file: bytes | None = None


@dataclass(frozen=True)
class Reply:
    status: int
    trade_id: str | None = None
    reference: str | None = None


@dataclass(frozen=True)
class Booked:
    """What the first part of the traffic booked and the second part asks about."""

    trade_ids: Sequence[str]
    references: Sequence[str]


@dataclass
class Summary:
    statuses: Counter[int] = field(default_factory=Counter)

    def add(self, replies: Iterable[Reply]) -> None:
        self.statuses.update(reply.status for reply in replies)

    @property
    def missing(self) -> list[int]:
        return sorted(EXPECTED_STATUSES - set(self.statuses))

    def __str__(self) -> str:
        counts = "  ".join(f"{status}: {count}" for status, count in sorted(self.statuses.items()))
        return f"{self.statuses.total()} requests  {counts}"


def trade(user: str, symbol: str, quantity: object, side: str = "buy", **more: object) -> Call:
    return Call("POST", "/trades", {"user": user, "symbol": symbol, "side": side, "quantity": quantity, **more})


def common_trade(rng: random.Random, _number: int = 0) -> Call:
    user = rng.choice(CUSTOMERS)
    symbol = rng.choice(SYMBOLS)
    quantity = rng.choice((rng.randint(1, 40), rng.randint(41, 150), rng.randint(151, 700)))
    return trade(user, symbol, quantity)


def sale(rng: random.Random, _number: int) -> Call:
    return trade(rng.choice(CUSTOMERS), rng.choice(("ACME", "GLBX")), rng.randint(1, 5), side="sell")


def limit_order(rng: random.Random, number: int) -> Call:
    """Every other one below the market, which does not execute."""
    limit = "28.00" if number % 2 else "27.00"
    return trade(rng.choice(CUSTOMERS), "GLBX", rng.randint(1, 90), limit_price=limit)


def client_order(rng: random.Random, number: int) -> Call:
    """Each client order id comes twice, as from a client that did not wait for the answer."""
    return trade("bob", "UMBR", rng.randint(1, 50), client_order_id=f"bob-{number // 2:04}")


def invalid_trade(_rng: random.Random, number: int) -> Call:
    wrong: tuple[Call, ...] = (
        trade("alice", "ACME", 0),
        trade("alice", "ACME", "many"),
        trade("alice", "ACME", 3, side="hold"),
        trade("", "ACME", 3),
        trade("bob", "GLBX", 3, limit_price="cheap"),
        trade("bob", "GLBX", 3, limit_price=-1),
        trade("bob", "GLBX", 3, client_order_id=17),
        Call("POST", "/trades", ["not", "an", "object"]),
    )
    return wrong[number % len(wrong)]


def upload(rng: random.Random, number: int) -> Call:
    """A customer's file of orders; every third has lines that are refused, every fifth cannot be read at all."""
    if number % 5 == 4:
        unreadable = (b"user,symbol\nalice,ACME\n", b"\xff\xfe\x00", b"")
        return Call("POST", "/orders/upload", file=unreadable[number // 5 % len(unreadable)])
    lines = ["user,symbol,side,quantity,limit_price,client_order_id"]
    lines += [
        f"{rng.choice(CUSTOMERS)},{rng.choice(SYMBOLS)},buy,{rng.randint(1, 60)},," for _ in range(rng.randint(2, 6))
    ]
    if number % 3 == 2:
        lines += ["carol,NOPE,buy,5,,", "erin,HOLI,buy,10,,", "carol,ACME,buy,none,,", "carol,SUSP,buy,1,,"]
    if number % 3 == 1:
        lines += [f"alice,GLBX,buy,7,30.00,file-{number:04}"]
    return Call("POST", "/orders/upload", file="\n".join(lines).encode() + b"\n")


def page(_rng: random.Random, number: int) -> Call:
    return Call("GET", f"/trades?page={1 + number % 3}" if number % 4 else "/trades")


Kind = Callable[[random.Random, int], Call]

OPENING_TRADES = 200

# How often each kind comes after the opening. The rare ones are about one request in a hundred.
MIXED: tuple[tuple[int, Kind], ...] = (
    (190, common_trade),
    (20, sale),
    (12, limit_order),
    (10, client_order),
    (16, invalid_trade),
    (15, upload),
    (36, page),
    (50, lambda rng, _: Call("GET", f"/portfolio/{rng.choice((*CUSTOMERS, 'dave', 'erin'))}")),
    (12, lambda rng, _: Call("GET", f"/export?user={rng.choice(('dave', 'wendy', 'bob'))}")),
    (3, lambda _rng, _: Call("GET", "/export")),
    (6, lambda rng, _: trade("dave", "ACME", rng.randint(1, 120))),
    (6, lambda rng, _: trade("erin", "INTK", rng.randint(1, 5))),
    (5, lambda rng, _: trade("trudy", "GLBX", rng.randint(1, 20))),
    (6, lambda rng, number: trade("wendy", "HOLI", rng.randint(20, 40) if number % 2 else rng.randint(1, 5))),
    (5, lambda rng, _: trade("mallory", "GLBX", rng.randint(1, 20))),
    (4, lambda rng, _: trade("gary", "GLBX", rng.randint(1, 20))),
    (6, lambda rng, _: trade("carol", "SUSP", rng.randint(1, 20))),
    (4, lambda rng, _: trade("carol", "OLDX", rng.randint(1, 20))),
    (3, lambda rng, _: trade("alice", "HOLI", rng.randint(450, 700))),
    (4, lambda rng, _: trade("dave", "UMBR", rng.randint(1, 9), side="sell")),
    (4, lambda rng, _: trade("nobody", "ACME", rng.randint(1, 9))),
    (4, lambda rng, _: trade("alice", "NOPE", rng.randint(1, 9))),
    (4, lambda _rng, number: Call("GET", f"/trades?page={('0', 'two', '-1', '999')[number % 4]}")),
    (3, lambda _rng, _: Call("GET", "/portfolio/nobody")),
    (3, lambda _rng, number: Call("GET", f"/trades/00000000-0000-4000-8000-{number:012}/confirmation")),
    (3, lambda _rng, number: Call("GET", f"/t/NOSUCHREF{number}")),
    (2, lambda _rng, _: Call("GET", "/export?user=nobody")),
    (2, lambda _rng, _: Call("GET", "/nothing/here")),
    (2, lambda _rng, _: Call("DELETE", "/trades")),
)
CONFIRMATIONS = 45
REFERENCES = 20


def opening(rng: random.Random) -> list[Call]:
    """Trades alone: they give the later requests something to ask about, and the listing several pages."""
    calls = [common_trade(rng) for _ in range(OPENING_TRADES)]
    calls += [trade("wendy", "HOLI", 9), trade("wendy", "HOLI", 12), trade("dave", "ACME", 7)]
    calls += [trade("carol", "GLBX", 10, client_order_id="carol-0001")]
    return calls


def mixed(rng: random.Random, booked: Booked) -> list[Call]:
    """Everything else, shuffled."""
    calls = [kind(rng, number) for count, kind in MIXED for number in range(count)]
    calls += [Call("GET", f"/trades/{rng.choice(booked.trade_ids)}/confirmation") for _ in range(CONFIRMATIONS)]
    calls += [Call("GET", f"/t/{rng.choice(booked.references)}") for _ in range(REFERENCES)]
    rng.shuffle(calls)
    return calls


class Client:
    """Sends calls to one service, `WORKERS` at a time."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url.rstrip("/")

    def send_all(self, calls: Sequence[Call]) -> list[Reply]:
        with ThreadPoolExecutor(WORKERS) as pool:
            return list(pool.map(self.send, calls))

    def send(self, call: Call) -> Reply:
        files = None if call.file is None else {"file": ("orders.csv", call.file, "text/csv")}
        response = requests.request(
            call.method, self._base_url + call.path, json=call.json, files=files, timeout=30, allow_redirects=False
        )
        body: Any = response.json() if response.headers.get("Content-Type") == "application/json" else {}
        return Reply(response.status_code, body.get("id"), body.get("reference"))


def run(base_url: str, seed: int = SEED) -> Summary:
    """Send the whole traffic; the same seed sends the same requests."""
    client, rng, summary = Client(base_url), random.Random(seed), Summary()
    replies = client.send_all(opening(rng))
    summary.add(replies)
    booked = Booked(
        trade_ids=[reply.trade_id for reply in replies if reply.trade_id],
        references=[reply.reference for reply in replies if reply.reference],
    )
    summary.add(client.send_all(mixed(rng, booked)))
    return summary


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Send the example's traffic to the trading service.")
    parser.add_argument("url", nargs="?", default="http://127.0.0.1:8000")
    summary = run(parser.parse_args(argv).url)
    print(summary)
    if summary.missing:
        print(f"never seen: {', '.join(map(str, summary.missing))}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
