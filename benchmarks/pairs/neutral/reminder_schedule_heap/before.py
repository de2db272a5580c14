"""Keeps reminders and hands out those that are due."""

from datetime import timedelta


class Reminders:
    def __init__(self):
        self._pending = []

    def schedule(self, due, text, repeat=None):
        if repeat is not None and repeat <= timedelta(0):
            raise ValueError(f"{text}: repeats must be some time apart")
        self._pending.append((due, text, repeat))

    def pop_due(self, now, limit=10):
        self._pending.sort(key=lambda reminder: reminder[0])
        handed_out = []
        while self._pending and self._pending[0][0] <= now and len(handed_out) < limit:
            due, text, repeat = self._pending.pop(0)
            handed_out.append((due, text))
            if repeat is not None:
                self._pending.append((now + repeat, text, repeat))
        return handed_out

    def __len__(self):
        return len(self._pending)
