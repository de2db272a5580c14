"""Arithmetic on days and seconds becomes arithmetic on timedelta."""

from datetime import datetime, timedelta

KIND = "datetime arithmetic"
FUNCTION = "parking_fee"


def traffic(service, random):
    """One ordinary use."""
    entered = datetime(2024, 1, 1) + timedelta(minutes=random.randint(0, 500000), seconds=random.randint(0, 59))
    stay = timedelta(minutes=random.choice([random.randint(5, 300), random.randint(300, 3000)]))
    return service.parking_fee(entered, entered + stay + timedelta(seconds=random.randint(0, 59)))
