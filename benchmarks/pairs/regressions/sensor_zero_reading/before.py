"""Summarises the readings of one sensor over a window."""

from collections import namedtuple

Summary = namedtuple("Summary", "count missing low high mean")


class SensorWindow:
    def __init__(self, sensor, offset=0.0):
        self.sensor = sensor
        self.offset = offset
        self.readings = []

    def feed(self, reading):
        self.readings.append(reading)

    def _values(self):
        for reading in self.readings:
            value = reading.get("value")
            if value is not None:
                yield value + self.offset

    def summary(self):
        values = list(self._values())
        missing = len(self.readings) - len(values)
        if not values:
            return Summary(0, missing, None, None, None)
        return Summary(len(values), missing, min(values), max(values), round(sum(values) / len(values), 3))
