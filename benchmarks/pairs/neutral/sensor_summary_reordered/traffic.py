"""Independent statements change places."""

from datetime import datetime, timedelta

KIND = "reorder statements"
FUNCTION = "summarise"


def traffic(service, random):
    """One ordinary use."""
    moment = datetime(2024, 6, random.randint(1, 30), random.randint(0, 20))
    readings = []
    for _ in range(random.randint(4, 20)):
        value = None if random.random() < 0.08 else round(random.uniform(17.0, 32.5), 1)
        readings.append((moment, value))
        moment += timedelta(minutes=10)
    return service.summarise(readings)
