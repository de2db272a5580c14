"""Works out the parking fee of a car park."""

HOURLY_CENTS = 250
DAILY_CENTS = 1800


def parking_fee(entered, left, free_minutes=15):
    if left < entered:
        raise ValueError("the car left before it came")
    stay = left - entered
    seconds = stay.days * 86400 + stay.seconds
    if seconds <= free_minutes * 60 and stay.microseconds == 0:
        return 0
    if seconds < free_minutes * 60:
        return 0
    days = stay.days
    hours = stay.seconds // 3600
    if stay.seconds % 3600 or stay.microseconds:
        hours += 1
    return days * DAILY_CENTS + min(hours * HOURLY_CENTS, DAILY_CENTS)
