"""The rules of the house: how long a book may be kept, and what it costs to keep it longer."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

LOAN_DAYS = 21
MOST_LOANS = 3
MOST_RENEWALS = 2
GRACE_DAYS = 2
PER_DAY = Decimal("0.35")
SHARE_OF_PRICE = Decimal("0.5")


def is_open(day: date) -> bool:
    """Mondays and the days around New Year are off."""
    return day.weekday() != 0 and (day.month, day.day) not in {(12, 31), (1, 1)}


def due_date(day: date) -> date:
    """The first day after the time of a loan on which the house is open."""
    due = day + timedelta(days=LOAN_DAYS)
    while not is_open(due):
        due += timedelta(days=1)
    return due


def fine_for(days_late: int, price: Decimal) -> Decimal:
    """What is due for a book that comes late; at most a share of its price."""
    if days_late <= GRACE_DAYS:
        return Decimal(0)
    by_days = (days_late - GRACE_DAYS) * PER_DAY
    return min(by_days, price * SHARE_OF_PRICE).quantize(Decimal("0.01"), ROUND_HALF_UP)
