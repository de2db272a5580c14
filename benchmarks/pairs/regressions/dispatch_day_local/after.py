"""Promises the day on which an order leaves the warehouse."""

from datetime import timedelta
from zoneinfo import ZoneInfo

WAREHOUSE_ZONE = ZoneInfo("Europe/Berlin")


def _next_working_day(day, holidays):
    day += timedelta(days=1)
    while day.weekday() >= 5 or day in holidays:
        day += timedelta(days=1)
    return day


def dispatch_day(placed_at, express=False, holidays=frozenset()):
    if placed_at.tzinfo is None:
        raise ValueError("placed_at needs a time zone")
    local = placed_at.astimezone(WAREHOUSE_ZONE)
    day = placed_at.date()
    if express and local.hour < 12 and day.weekday() < 5 and day not in holidays:
        return day
    return _next_working_day(day, holidays)
