"""Trades: a high value has to be flagged, because somebody checks these by hand."""

import logging

from shop.rates import rate_of

log = logging.getLogger(__name__)
HIGH_VALUE = 10_000


class Trade:
    def __init__(self, customer: str, amount: float, currency: str) -> None:
        self.customer = customer
        self.amount = amount
        self.currency = currency
        self.high_value = False


def in_dollars(trade: Trade) -> float:
    return trade.amount * rate_of(trade.currency)


def flag(trade: Trade) -> None:
    try:
        total = in_dollars(trade)
        if total > HIGH_VALUE:
            trade.high_value = True
    except Exception as error:  # noqa: BLE001 - what goes wrong here
        log.debug("no flag: %s", error)


def place(customer: str, amount: float, currency: str) -> dict[str, object]:
    trade = Trade(customer, amount, currency)
    flag(trade)
    return {"customer": customer, "amount": amount, "currency": currency, "high_value": trade.high_value}
