"""Settings, read from the environment once, when the application is created."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """Where the service finds its database and the fraud service."""

    database: str = "trading.db"
    fraud_url: str = "http://127.0.0.1:8600"
    fraud_timeout: float = 5.0

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read TRADING_DATABASE, TRADING_FRAUD_URL and TRADING_FRAUD_TIMEOUT (seconds)."""
        source = os.environ if environ is None else environ
        return cls(
            database=source.get("TRADING_DATABASE", cls.database),
            fraud_url=source.get("TRADING_FRAUD_URL", cls.fraud_url).rstrip("/"),
            fraud_timeout=float(source.get("TRADING_FRAUD_TIMEOUT", cls.fraud_timeout)),
        )
