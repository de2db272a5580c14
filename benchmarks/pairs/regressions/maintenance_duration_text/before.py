"""Durations of maintenance jobs as the planners type them."""

import re

PART = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)")
MINUTES = {"m": 1, "min": 1, "h": 60, "hr": 60, "hrs": 60, "d": 480}


class Job:
    def __init__(self, title, duration, crew=1):
        self.title = title
        self.duration = duration
        self.crew = crew

    def minutes(self):
        text = self.duration.strip().lower()
        if text.isdigit():
            return int(text)
        found = PART.findall(text)
        if not found:
            raise ValueError(f"no duration: {self.duration!r}")
        total = 0
        for number, unit in found:
            if unit not in MINUTES:
                raise ValueError(f"unknown unit: {unit}")
            total += float(number) * MINUTES[unit]
        return round(total)

    def crew_hours(self):
        return round(self.minutes() * self.crew / 60, 2)
