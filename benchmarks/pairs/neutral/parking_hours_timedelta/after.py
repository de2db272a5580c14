"""Works out the parking fee of a car park."""

from datetime import timedelta

HOURLY_CENTS = 250
DAILY_CENTS = 1800


def parking_fee(entered, left, free_minutes=15):
    if left < entered:
        raise ValueError("the car left before it came")
    stay = left - entered
    if stay <= timedelta(minutes=free_minutes):
        return 0
    days, rest = divmod(stay, timedelta(days=1))
    hours = -(-rest // timedelta(hours=1))
    return days * DAILY_CENTS + min(hours * HOURLY_CENTS, DAILY_CENTS)
