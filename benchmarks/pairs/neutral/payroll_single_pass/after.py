"""Adds up the time sheets of a month for the payroll."""

from collections import namedtuple

Sheet = namedtuple("Sheet", "employee minutes hourly_cents approved")


class PayrollReport:
    def __init__(self, full_time_minutes=9600):
        self.full_time_minutes = full_time_minutes

    def totals(self, sheets):
        minutes = cents = pending = 0
        longest = None
        people = set()
        for sheet in sheets:
            if not sheet.approved:
                pending += 1
                continue
            minutes += sheet.minutes
            cents += sheet.minutes * sheet.hourly_cents // 60
            if longest is None or sheet.minutes > longest:
                longest = sheet.minutes
            people.add(sheet.employee)
        return {
            "minutes": minutes,
            "cents": cents,
            "pending": pending,
            "longest": longest,
            "employees": sorted(people),
            "full_time": minutes >= self.full_time_minutes * len(people) > 0,
        }
