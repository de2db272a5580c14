"""Prices, fees, rounding and settlement days. Pure functions: nothing here reads a database or a clock."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from trading.errors import LimitNotReached, SymbolSuspended
from trading.models import BUY, SELL, Account, Instrument, Order

CENT = Decimal("0.01")
HIGH_VALUE_THRESHOLD = Decimal(10_000)
SETTLEMENT_DAYS = 2

GOLD_RATE = Decimal("0.0005")
SILVER_RATE = Decimal("0.0010")
STANDARD_RATE = Decimal("0.0025")


@dataclass(frozen=True)
class Quote:
    """What an order would cost or bring."""

    price: Decimal
    fee: Decimal
    total: Decimal
    high_value: bool = False


def money(amount: Decimal) -> Decimal:
    """Round to the cent, halves away from zero, as the settlement system does."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def market_price(instrument: Instrument) -> Decimal:
    """The current price; raises SymbolSuspended while there is none."""
    if instrument.price is None:
        raise SymbolSuspended(f"trading in {instrument.symbol} is suspended", field="symbol")
    return instrument.price


def execution_price(order: Order, instrument: Instrument) -> Decimal:
    """The market price, unless the order's limit forbids it."""
    price = market_price(instrument)
    if order.limit_price is None:
        return price
    if order.side == BUY and price > order.limit_price:
        raise LimitNotReached(f"{order.symbol} trades at {price}, above the limit of {order.limit_price}")
    if order.side == SELL and price < order.limit_price:
        raise LimitNotReached(f"{order.symbol} trades at {price}, below the limit of {order.limit_price}")
    return price


def fee_rate(tier: str | None) -> Decimal:
    """The fee as a share of the notional; an account without a tier pays the standard rate."""
    if tier == "gold":
        return GOLD_RATE
    if tier == "silver":
        return SILVER_RATE
    return STANDARD_RATE


def quote_order(order: Order, account: Account, instrument: Instrument) -> Quote:
    """Price, fee and total of `order`, and whether the fraud rules for high values apply to it."""
    price = execution_price(order, instrument)
    notional = money(price * order.quantity)
    fee = money(notional * fee_rate(account.tier))
    total = notional + fee if order.side == BUY else notional - fee
    quote = Quote(price=price, fee=fee, total=total)
    if total > HIGH_VALUE_THRESHOLD:
        quote = replace(quote, high_value=True)
    return quote


def settlement_date(day: date) -> date:
    """The second business day after `day`; bank holidays are the settlement system's concern."""
    remaining = SETTLEMENT_DAYS
    while remaining:
        day += timedelta(days=1)
        if day.weekday() < 5:
            remaining -= 1
    return day
