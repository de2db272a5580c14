"""Splits gross order lines into net amounts and value added tax."""

import decimal

CENT = decimal.Decimal("0.01")
RATES = {"standard": decimal.Decimal("0.20"), "reduced": decimal.Decimal("0.05"), "zero": decimal.Decimal("0")}


def _cents(amount):
    return amount.quantize(CENT, rounding=decimal.ROUND_HALF_UP)


def tax_summary(lines):
    by_rate = {}
    for net, code in lines:
        tax = _cents(net * RATES[code])
        entry = by_rate.setdefault(code, {"net": decimal.Decimal(0), "tax": decimal.Decimal(0)})
        entry["net"] += net
        entry["tax"] += tax
    gross = sum((e["net"] + e["tax"] for e in by_rate.values()), decimal.Decimal(0))
    return by_rate, gross
