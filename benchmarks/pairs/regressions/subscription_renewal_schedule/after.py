"""Renewal dates of monthly and quarterly subscriptions."""

import calendar
from datetime import date


class Subscription:
    def __init__(self, customer, started, months=1):
        if months < 1:
            raise ValueError("a period has at least one month")
        self.customer = customer
        self.started = started
        self.months = months

    def schedule(self, count):
        dates = []
        current = self.started
        for _ in range(count):
            year, month = divmod(current.year * 12 + current.month - 1 + self.months, 12)
            month += 1
            last = calendar.monthrange(year, month)[1]
            current = date(year, month, min(current.day, last))
            dates.append(current)
        return dates
