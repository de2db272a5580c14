"""The jitter is added after the cap, so long outages wait longer than the cap allows."""

KIND = "backoff"
FUNCTION = "UplinkBackoff.failed"


def traffic(service, random):
    """A stretch of uploads with an isolated failure now and then."""
    outcomes = [random.random() < 0.8 for _ in range(random.randint(3, 8))]
    jitters = [random.randint(0, 20) / 100 for _ in outcomes]
    return service.wait_times(service.UplinkBackoff(), outcomes, jitters)


def witness(service):
    """A long outage."""
    return service.wait_times(service.UplinkBackoff(cap=60.0), [False] * 7, [0.1] * 7)
