"""Prices bulk e-mail by volume tiers."""

TIERS = [(1000, 90), (10000, 70), (100000, 45), (1000000, 30)]
BEYOND = 22


def _milli_price(volume):
    for limit, price in TIERS:
        if volume <= limit:
            return price
    return BEYOND


def monthly_charge(volume, included=0):
    if volume < 0:
        raise ValueError(f"volume {volume} is negative")
    billable = max(volume - included, 0)
    return {"billable": billable, "cents": -(-billable * _milli_price(volume) // 1000)}
