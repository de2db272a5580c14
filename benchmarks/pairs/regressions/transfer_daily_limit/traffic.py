"""A transfer that uses up the daily limit exactly is refused."""

from datetime import date, timedelta

KIND = "boundary"
FUNCTION = "TransferGuard.authorize"


def traffic(service, random):
    """Authorize the next transfer of the day."""
    guard = service.TransferGuard(random.choice(["1000", "2500.00", "5000.00"]))
    day = date(2024, 3, 1) + timedelta(days=random.randint(0, 200))
    guard.authorize("DE4410", f"{random.uniform(5, 900):.2f}", day)
    return guard.authorize("DE4410", f"{random.uniform(5, 900):.2f}", day)


def witness(service):
    """Send the rest of the limit."""
    guard = service.TransferGuard("1000.00")
    guard.authorize("DE4410", "400.00", date(2024, 3, 1))
    return guard.authorize("DE4410", "600.00", date(2024, 3, 1))
