"""Prices bulk e-mail by volume tiers."""

from bisect import bisect_left

TIERS = [(1000, 90), (10000, 70), (100000, 45), (1000000, 30)]
BEYOND = 22

_LIMITS = [limit for limit, _ in TIERS]
_PRICES = [*(price for _, price in TIERS), BEYOND]


def _milli_price(volume):
    return _PRICES[bisect_left(_LIMITS, volume)]


def monthly_charge(volume, included=0):
    if volume < 0:
        raise ValueError(f"volume {volume} is negative")
    billable = max(volume - included, 0)
    return {"billable": billable, "cents": -(-billable * _milli_price(volume) // 1000)}
