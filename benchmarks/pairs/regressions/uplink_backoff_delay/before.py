"""Waiting times of a gateway's uplink after failed uploads."""


class UplinkBackoff:
    def __init__(self, base=2.0, factor=2.0, cap=300.0):
        self.base = base
        self.factor = factor
        self.cap = cap
        self.failures = 0

    def failed(self, jitter=0.0):
        delay = self.base * self.factor**self.failures
        delay = min(delay * (1 + jitter), self.cap)
        self.failures += 1
        return round(delay, 2)

    def succeeded(self):
        self.failures = 0


def wait_times(backoff, outcomes, jitters):
    waits = []
    for ok, jitter in zip(outcomes, jitters, strict=True):
        if ok:
            backoff.succeeded()
        else:
            waits.append(backoff.failed(jitter))
    return waits
