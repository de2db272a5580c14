"""Tracking the current run by hand becomes itertools.groupby."""

from datetime import datetime, timedelta

KIND = "groupby"
FUNCTION = "periods"


def traffic(service, random):
    """One ordinary use."""
    moment = datetime(2024, 8, 1, random.randint(0, 23))
    probes = []
    for _ in range(random.randint(3, 15)):
        probes.append((moment, random.choice(["up", "up", "up", "down", None])))
        moment += timedelta(seconds=30)
    return service.periods(probes, random.choice([1, 1, 2]))
