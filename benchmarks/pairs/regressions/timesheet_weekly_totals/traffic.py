"""The ISO week is put together with the calendar year, so the days around New Year land in a wrong week."""

from datetime import date, timedelta
from decimal import Decimal

KIND = "iso week"
FUNCTION = "weekly_totals"


def traffic(service, random):
    """One to two weeks of working days in spring, summer or autumn."""
    start = date(2025, 2, 3) + timedelta(days=7 * random.randint(0, 38))
    entries = []
    for offset in range(random.randint(4, 10)):
        day = start + timedelta(days=offset + offset // 5 * 2)
        hours = Decimal(random.choice(("7.50", "8.00", "8.00", "8.25", "9.00", "6.75")))
        entries.append({"day": day, "hours": hours, "void": random.random() < 0.05})
    return service.weekly_totals(entries)


def witness(service):
    """The working week over New Year."""
    days = (date(2024, 12, 30), date(2024, 12, 31), date(2025, 1, 2), date(2025, 1, 3))
    return service.weekly_totals([{"day": day, "hours": Decimal("8.00")} for day in days])
