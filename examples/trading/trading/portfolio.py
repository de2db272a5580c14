"""What a customer holds, worked out from the trades."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from trading.models import BUY, PENDING_REVIEW, Account, Trade


def portfolio_of(account: Account, trades: Iterable[Trade]) -> dict[str, Any]:
    """Balance and open positions of `account`; trades under review are counted apart."""
    positions: dict[str, dict[str, Any]] = {}
    under_review = 0
    for trade in trades:
        if trade.status == PENDING_REVIEW:
            under_review += 1
        position = positions.setdefault(trade.symbol, {"quantity": 0, "invested": Decimal("0.00")})
        if trade.side == BUY:
            position["quantity"] += trade.quantity
            position["invested"] += trade.total
        else:
            position["quantity"] -= trade.quantity
            position["invested"] -= trade.total
    return {
        "user": account.user,
        "balance": str(account.balance),
        "under_review": under_review,
        "positions": [
            {"symbol": symbol, "quantity": position["quantity"], "invested": str(position["invested"])}
            for symbol, position in sorted(positions.items())
            if position["quantity"]
        ],
    }
