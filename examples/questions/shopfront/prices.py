"""Prices: net prices with tax, rounded as the country's rules say."""

from __future__ import annotations

import os
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")


def gross(net: str, rate: int) -> Decimal:
    """A net price with tax of so many percent."""
    rounding = ROUND_HALF_UP if os.environ.get("TAX_ROUNDING", "commercial") == "commercial" else ROUND_HALF_EVEN
    return (Decimal(net) * (100 + rate) / 100).quantize(CENT, rounding)
