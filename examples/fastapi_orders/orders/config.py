"""What the service reads from its environment."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    database_url: str
    payment_url: str
    redis_url: str | None = None
    """Without one, the catalogue is read from the database each time."""


def load_settings() -> Settings:
    return Settings(
        database_url=os.environ.get("ORDERS_DATABASE_URL", "sqlite+aiosqlite:///orders.db?timeout=60"),
        payment_url=os.environ.get("ORDERS_PAYMENT_URL", "http://127.0.0.1:8700"),
        redis_url=os.environ.get("ORDERS_REDIS_URL") or None,
    )
