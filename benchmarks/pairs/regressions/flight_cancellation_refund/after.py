"""What a passenger gets back who cancels a flight."""

from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")


def _share(amount, percent):
    return (amount * percent / 100).quantize(CENT, rounding=ROUND_HALF_UP)


def cancellation_refund(fare, taxes, fare_class, hours_left, tier="none"):
    if hours_left < 0:
        return Decimal("0.00")

    if fare_class == "flex":
        if hours_left >= 2:
            return fare + taxes
        return _share(fare, 50) + taxes

    if fare_class == "standard":
        if hours_left >= 72:
            return _share(fare, 80) + taxes
        if hours_left >= 24:
            return _share(fare, 50) + taxes
        return taxes

    # basic
    if hours_left >= 72:
        if tier == "gold":
            return _share(fare, 25) + taxes
        return taxes
    if tier == "gold":
        return taxes
    return _share(taxes, 50)
