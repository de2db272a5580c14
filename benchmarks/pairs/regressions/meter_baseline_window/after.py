"""Compares meter readings with the readings just before them."""

from statistics import fmean


class UsageMonitor:
    def __init__(self, width=6, factor=1.8):
        self.width = width
        self.factor = factor
        self.samples = []

    def _baseline(self, index):
        window = self.samples[index - self.width : index]
        if not window:
            return None
        return round(fmean(window), 3)

    def add(self, kwh):
        self.samples.append(kwh)

    def assess(self, index):
        baseline = self._baseline(index)
        if baseline is None:
            return "no baseline", None
        usage = self.samples[index]
        if usage > baseline * self.factor:
            return "spike", baseline
        return "normal", baseline
