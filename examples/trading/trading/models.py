"""The values the service works with: orders, accounts, instruments and trades."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

BUY = "buy"
SELL = "sell"

EXECUTED = "executed"
PENDING_REVIEW = "pending_review"


@dataclass(frozen=True)
class Order:
    """What a customer asks for; without `limit_price` it is a market order."""

    user: str
    symbol: str
    side: str
    quantity: int
    limit_price: Decimal | None = None
    client_order_id: str | None = None


@dataclass(frozen=True)
class Account:
    """A customer's cash account; `tier` decides the fee and is None for accounts opened before tiers existed."""

    user: str
    name: str
    tier: str | None
    balance: Decimal


@dataclass(frozen=True)
class Instrument:
    """A tradable security; `price` is None while trading in it is suspended."""

    symbol: str
    name: str
    price: Decimal | None
    last_close: Decimal


@dataclass(frozen=True)
class Trade:
    """A booked trade. `total` is the cash that moved: with the fee on a purchase, less the fee on a sale."""

    id: str
    reference: str
    user: str
    symbol: str
    side: str
    quantity: int
    price: Decimal
    fee: Decimal
    total: Decimal
    high_value: bool
    status: str
    executed_at: datetime
    settlement_date: date
    client_order_id: str | None = None

    def to_json(self) -> dict[str, object]:
        """Amounts as text, so that no reader rounds them through a binary float."""
        body: dict[str, object] = {
            "id": self.id,
            "reference": self.reference,
            "user": self.user,
            "symbol": self.symbol,
            "side": self.side,
            "quantity": self.quantity,
            "price": str(self.price),
            "fee": str(self.fee),
            "total": str(self.total),
            "high_value": self.high_value,
            "status": self.status,
            "executed_at": self.executed_at.isoformat(),
            "settlement_date": self.settlement_date.isoformat(),
        }
        if self.client_order_id is not None:
            body["client_order_id"] = self.client_order_id
        return body
