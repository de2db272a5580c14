"""Keeps reminders and hands out those that are due."""

import heapq
from datetime import timedelta
from itertools import count


class Reminders:
    def __init__(self):
        self._heap = []
        self._numbers = count()

    def schedule(self, due, text, repeat=None):
        if repeat is not None and repeat <= timedelta(0):
            raise ValueError(f"{text}: repeats must be some time apart")
        heapq.heappush(self._heap, (due, next(self._numbers), text, repeat))

    def pop_due(self, now, limit=10):
        handed_out = []
        again = []
        while self._heap and self._heap[0][0] <= now and len(handed_out) < limit:
            due, _, text, repeat = heapq.heappop(self._heap)
            handed_out.append((due, text))
            if repeat is not None:
                again.append((now + repeat, text, repeat))
        for reminder in again:
            self.schedule(*reminder)
        return handed_out

    def __len__(self):
        return len(self._heap)
