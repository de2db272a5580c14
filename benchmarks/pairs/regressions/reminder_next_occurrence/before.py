"""Schedules daily medication reminders on the user's clock."""

from datetime import UTC, timedelta
from zoneinfo import ZoneInfo


class Reminder:
    def __init__(self, first, zone, every_days=1, until=None):
        if first.tzinfo is None:
            raise ValueError("first occurrence must be aware")
        self.zone = ZoneInfo(zone)
        self.first = first.astimezone(self.zone)
        self.every = timedelta(days=every_days)
        self.until = until

    def next_after(self, instant):
        due = self.first
        while due <= instant:
            due += self.every
        due = due.astimezone(UTC)
        if self.until is not None and due > self.until:
            return None
        return due
