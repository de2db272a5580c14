"""Tells who is on call in a weekly rotation."""

from datetime import timedelta


class OnCallRota:
    def __init__(self, anchor, people, swaps=None):
        if not people:
            raise ValueError("rota needs at least one person")
        self.anchor = anchor - timedelta(days=anchor.weekday())
        self.people = list(people)
        self.swaps = dict(swaps or {})

    def _week(self, day):
        return int((day - self.anchor).days / 7)

    def on_duty(self, day):
        if day in self.swaps:
            return self.swaps[day]
        return self.people[self._week(day) % len(self.people)]

    def handover(self, day):
        return self.anchor + timedelta(weeks=self._week(day) + 1)
