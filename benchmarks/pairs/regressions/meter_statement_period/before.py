"""Monthly statements of metered consumption."""

from datetime import date, timedelta


def statement_period(day):
    first = day.replace(day=1)
    if day.month == 12:
        return first, date(day.year, 12, 31)
    return first, date(day.year, day.month + 1, 1) - timedelta(days=1)


def statement(meter, readings, day):
    first, last = statement_period(day)
    used = sum(amount for at, amount in readings if first <= at <= last)
    days = (last - first).days + 1
    return {"meter": meter, "from": first, "to": last, "used": used, "per_day": round(used / days, 2)}
