"""Birthday vouchers of the loyalty programme."""

from datetime import date, timedelta

LEAD = timedelta(days=7)
GRACE = timedelta(days=14)


def birthday_in(born, year):
    try:
        return born.replace(year=year)
    except ValueError:
        # 29 February, not a leap year
        return date(year, 3, 1)


def voucher_for(member_no, born, today, percent=10):
    day = birthday_in(born, today.year)
    if day + GRACE < today:
        day = birthday_in(born, today.year + 1)
    age = day.year - born.year
    if age % 10 == 0:
        percent += 5
    return {
        "code": f"BD{member_no}-{day:%Y}",
        "percent": percent,
        "valid_from": day - LEAD,
        "valid_to": day + GRACE,
    }
