"""CPU that recording adds per exchange: SQL, HTTP and Redis, against real servers, both sides in one run.

python benchmarks/exchanges.py [--rounds 9] [--exchanges 40]

A function of a small service makes a number of exchanges. It is called bare and recorded (every call sampled), in turn
and in this process; what is measured is the CPU time of the process, the collector's thread included, until all traces
are collected. What a call adds without an exchange is measured beside and taken off. The median of several rounds is
held against the bar; a driver whose server is not installed is left out, and named.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from pytest_runtime.recorders.options import RecordOptions  # noqa: E402
from pytest_runtime.recorders.recording import Recording  # noqa: E402
from tests.servers import fixtures  # noqa: E402

BAR = 60.0
"""Microseconds of CPU per exchange, all sampled."""

CALLS = 60
"""Calls in one round."""

SERVICE = """
import sqlite3

try:
    import redis
    import redis.asyncio as redis_async
    import asyncio
except ImportError:
    redis = None
try:
    import psycopg
except ImportError:
    psycopg = None
try:
    import asyncpg
except ImportError:
    asyncpg = None
try:
    import httpx
except ImportError:
    httpx = None


def nothing(count):
    total = 0
    for number in range(count):
        total += number
    return total


def sqlite(count):
    for number in range(count):
        LITE.execute("SELECT ?, 'a', 1.5", (number,)).fetchall()


def postgres(count):
    for number in range(count):
        POSTGRES.execute("SELECT %s::int, 'a', 1.5", (number,)).fetchall()


def awaited(count):
    async def ask():
        for number in range(count):
            await AWAITED.fetch("SELECT $1::int, 'a', 1.5", number)

    LOOP.run_until_complete(ask())


def over_http(count):
    for number in range(count):
        HTTP.get(f"{BASE}/echo?n=7&more={number}").json()


def cache(count):
    for number in range(count):
        REDIS.set("cart:7", number)
"""


def filled(port: Callable[[str], int], shop: Any) -> dict[str, Callable[[int], object]]:
    """What is measured: name → function of the service."""
    import sqlite3

    found: dict[str, Callable[[int], object]] = {}
    shop.LITE = sqlite3.connect(":memory:", isolation_level=None)
    found["SQL (sqlite3)"] = shop.sqlite
    for package, name, make in (
        ("psycopg", "SQL (psycopg 3, PostgreSQL)", _postgres),
        ("asyncpg", "SQL (asyncpg, PostgreSQL)", _awaited),
        ("httpx", "HTTP (httpx)", _http),
        ("redis", "Redis", _redis),
    ):
        if importlib.util.find_spec(package) is None:
            print(f"{name}: left out, {package} is not installed")
            continue
        try:
            found[name] = make(port, shop)
        except pytest.skip.Exception as missing:
            print(f"{name}: left out, {missing}")
    return found


def _postgres(port: Callable[[str], int], shop: Any) -> Callable[[int], object]:
    place = f"host=127.0.0.1 port={port('postgres_server')} dbname=postgres user=shop password={fixtures.PASSWORD}"
    shop.POSTGRES = shop.psycopg.connect(place, autocommit=True)
    function: Callable[[int], object] = shop.postgres
    return function


def _awaited(port: Callable[[str], int], shop: Any) -> Callable[[int], object]:
    place = f"postgresql://shop:{fixtures.PASSWORD}@127.0.0.1:{port('postgres_server')}/postgres"
    shop.LOOP = asyncio.new_event_loop()
    shop.AWAITED = shop.LOOP.run_until_complete(shop.asyncpg.connect(place))
    function: Callable[[int], object] = shop.awaited
    return function


def _http(port: Callable[[str], int], shop: Any) -> Callable[[int], object]:
    shop.BASE = f"http://127.0.0.1:{port('http_service')}"
    shop.HTTP = shop.httpx.Client()
    function: Callable[[int], object] = shop.over_http
    return function


def _redis(port: Callable[[str], int], shop: Any) -> Callable[[int], object]:
    shop.REDIS = shop.redis.Redis(port=port("redis_server"))
    function: Callable[[int], object] = shop.cache
    return function


@contextmanager
def servers() -> Iterator[Callable[[str], int]]:
    """Starts the servers of the tests, each when it is asked for."""

    with ExitStack() as ending:

        def port(name: str) -> int:
            fixture = getattr(fixtures, name)
            function = getattr(fixture, "__wrapped__", None) or fixture._get_wrapped_function()
            steps = function()
            number: int = next(steps)
            ending.callback(lambda: next(steps, None))
            return number

        yield port


def cpu_of(function: Callable[[int], object], exchanges: int, settle: Callable[[], object]) -> float:
    """CPU seconds of `CALLS` calls, until everything that they caused is done."""
    before = time.process_time()
    for _ in range(CALLS):
        function(exchanges)
    settle()
    return time.process_time() - before


def main() -> int:
    """Measure, print, and say whether the bar is held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--exchanges", type=int, default=40)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, servers() as port:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "exchange_shop.py").write_text(SERVICE)
        (folder / "exchange_bare.py").write_text(SERVICE)
        sys.path.insert(0, name)
        options = RecordOptions(
            baseline="b", store=str(folder / "b.baseline"), include=("exchange_shop",), sample="all"
        )
        recording = Recording(options)
        recording.start()
        try:
            results = measured(asked.rounds, asked.exchanges, port, recording)
        finally:
            recording.stop()
    worst = 0.0
    for what, found in results.items():
        middle = statistics.median(found)
        worst = max(worst, middle)
        print(f"{what:32} {middle:6.1f} µs per exchange ({min(found):.1f} to {max(found):.1f}), bar {BAR:g}")
    return int(worst > BAR)


def measured(rounds: int, exchanges: int, port: Callable[[str], int], recording: Recording) -> dict[str, list[float]]:
    """What → microseconds that recording adds per exchange, one for each round."""
    import exchange_bare  # type: ignore[import-not-found]  # written above
    import exchange_shop  # type: ignore[import-not-found]

    bare, recorded = filled(port, exchange_bare), {}
    for name, value in vars(exchange_bare).items():
        if name.isupper():
            setattr(exchange_shop, name, value)
    for what, function in bare.items():
        recorded[what] = getattr(exchange_shop, function.__name__)
    found: dict[str, list[float]] = {what: [] for what in bare}
    settle = recording.flush
    for turn in range(rounds + 1):
        around = cpu_of(exchange_shop.nothing, exchanges, settle) - cpu_of(exchange_bare.nothing, exchanges, settle)
        for what, function in bare.items():
            sides = [cpu_of(function, exchanges, settle), cpu_of(recorded[what], exchanges, settle)]
            added = sides[1] - sides[0] - around
            if turn:  # the first round warms up
                found[what].append(added / (CALLS * exchanges) * 1e6)
    return found


if __name__ == "__main__":
    raise SystemExit(main())
