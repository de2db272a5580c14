"""Splits a sale on a marketplace between the seller and the house."""

from decimal import Decimal

FIXED_FEE = Decimal("0.35")
RATES = {"books": Decimal("0.08"), "fashion": Decimal("0.145"), "antiques": Decimal("0.1225")}


def split_sale(price, category, promoted=False):
    if price < 0:
        raise ValueError("price is negative")
    if category not in RATES:
        raise KeyError(category)
    rate = RATES[category]
    if promoted:
        rate += Decimal("0.02")
    commission = round(price * rate, 2)
    fee = min(commission + FIXED_FEE, price)
    return {"seller": round(price - fee, 2), "house": round(fee, 2), "rate": rate}
