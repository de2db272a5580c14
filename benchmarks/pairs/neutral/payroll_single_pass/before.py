"""Adds up the time sheets of a month for the payroll."""

from collections import namedtuple

Sheet = namedtuple("Sheet", "employee minutes hourly_cents approved")


class PayrollReport:
    def __init__(self, full_time_minutes=9600):
        self.full_time_minutes = full_time_minutes

    def totals(self, sheets):
        approved = [sheet for sheet in sheets if sheet.approved]
        minutes = sum(sheet.minutes for sheet in approved)
        cents = sum(sheet.minutes * sheet.hourly_cents // 60 for sheet in approved)
        pending = len(sheets) - len(approved)
        longest = max((sheet.minutes for sheet in approved), default=None)
        people = {sheet.employee for sheet in approved}
        return {
            "minutes": minutes,
            "cents": cents,
            "pending": pending,
            "longest": longest,
            "employees": sorted(people),
            "full_time": minutes >= self.full_time_minutes * len(people) > 0,
        }
