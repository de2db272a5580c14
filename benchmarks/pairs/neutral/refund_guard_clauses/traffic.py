"""Nested conditions become early returns."""

from datetime import date, timedelta

KIND = "early return"
FUNCTION = "refund_cents"


def traffic(service, random):
    """One ordinary use."""
    delivered = date(2024, 1, 1) + timedelta(days=random.randint(0, 364))
    order = {
        "id": random.randint(10000, 99999),
        "status": random.choice(["delivered", "delivered", "delivered", "cancelled"]),
        "paid_cents": random.randint(900, 30000),
        "delivered_on": None if random.random() < 0.05 else delivered,
    }
    try:
        return service.refund_cents(order, delivered + timedelta(days=random.randint(1, 45)), random.random() < 0.2)
    except ValueError as refused:
        return str(refused)
