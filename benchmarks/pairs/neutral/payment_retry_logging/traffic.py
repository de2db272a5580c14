"""Log messages are added."""

from datetime import datetime, timedelta

KIND = "logging"
FUNCTION = "next_attempt"


def traffic(service, random):
    """One ordinary use."""
    payment = {
        "id": f"pay_{random.randint(1000, 9999)}",
        "failure": random.choice(["insufficient_funds", "insufficient_funds", "timeout", "stolen_card"]),
        "attempts": random.randint(1, 5),
    }
    return service.next_attempt(payment, datetime(2024, 1, 1, 6) + timedelta(minutes=random.randint(0, 500000)))
