"""Orders: one query, one call of the rates service, an id, a lucky draw and the time."""

from __future__ import annotations

import random
import sqlite3
import time
import uuid
from contextlib import closing
from typing import Any

import requests

from benchservice.pricing import shipping_cents


class Refused(Exception):
    """An order that cannot be placed."""


class Stock:
    """The articles, in SQLite; a connection for each question."""

    def __init__(self, database: str) -> None:
        self._database = database

    def article(self, name: str) -> tuple[int, int]:
        """Price in cents and pieces in stock."""
        with closing(sqlite3.connect(self._database)) as connection:
            row = connection.execute("SELECT cents, pieces FROM article WHERE name = ?", (name,)).fetchone()
        if row is None:
            raise Refused(f"there is no article {name}")
        return int(row[0]), int(row[1])


class Rates:
    """The rates service of another team."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = requests.Session()

    def rate(self, article: str, cents: int) -> dict[str, Any]:
        answer = self._session.post(f"{self._url}/rate", json={"article": article, "cents": cents}, timeout=10)
        answer.raise_for_status()
        rate: dict[str, Any] = answer.json()
        return rate


def place_order(stock: Stock, rates: Rates, article: str, quantity: int) -> dict[str, Any]:
    cents, pieces = stock.article(article)
    if quantity > pieces:
        raise Refused(f"only {pieces} of {article} are left")
    rate = rates.rate(article, cents * quantity)
    total = with_tax(cents * quantity, rate["percent"])
    status = "review" if total > 50_000 and rate["review"] else "placed"
    return {
        "id": str(uuid.uuid4()),
        "article": article,
        "quantity": quantity,
        "total": total + shipping_cents(total),
        "status": status,
        "lucky": random.random() < 0.01,
        "placed": time.time(),
    }


def with_tax(cents: int, percent: int) -> int:
    return cents + cents * percent // 100
