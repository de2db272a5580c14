"""What an order costs: discounts, tax and shipping. All amounts are in cents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

FREE_SHIPPING_FROM = 50_00
SHIPPING = 4_90
SHIPPING_ABROAD = 12_90
HOME = "DE"
COUPONS = {"WELCOME10": Decimal("0.10"), "VIP25": Decimal("0.25")}


@dataclass(frozen=True)
class PricedLine:
    sku: str
    quantity: int
    unit_price: int


@dataclass(frozen=True)
class Quote:
    goods: int
    discount: int
    tax: int
    shipping: int

    @property
    def total(self) -> int:
        return self.goods - self.discount + self.tax + self.shipping


def tax_rate(country: str) -> Decimal:
    """The rate of a country of the union; outside of it no tax is due."""
    rates = {"DE": "0.19", "FR": "0.20", "AT": "0.20", "NL": "0.21", "LU": "0.17"}
    return Decimal(rates.get(country, "0"))


def share_of(amount: int, share: Decimal) -> int:
    """A share of an amount, half a cent rounded up."""
    return int((amount * share).quantize(Decimal(1), ROUND_HALF_UP))


def bulk_discount(quantity: int) -> Decimal:
    if quantity >= 100:
        return Decimal("0.08")
    if quantity >= 10:
        return Decimal("0.03")
    return Decimal(0)


def shipping_cost(goods: int, country: str) -> int:
    if country != HOME:
        return SHIPPING_ABROAD
    return 0 if goods >= FREE_SHIPPING_FROM else SHIPPING


def quote(lines: Sequence[PricedLine], country: str, coupon: str | None) -> Quote:
    goods = 0
    discount = 0
    for line in lines:
        amount = line.quantity * line.unit_price
        goods += amount
        discount += share_of(amount, bulk_discount(line.quantity))
    if coupon is not None:
        discount += share_of(goods - discount, COUPONS.get(coupon, Decimal(0)))
    tax = share_of(goods - discount, tax_rate(country))
    return Quote(goods, discount, tax, shipping_cost(goods - discount, country))
