"""Months come in the order of the first invoice instead of the calendar."""

from datetime import date, timedelta
from decimal import Decimal

KIND = "ordering and ties"
FUNCTION = "monthly_revenue"


def traffic(service, random):
    """Report invoices as the accounting system lists them, by date."""
    issued = date(2024, 1, 3) + timedelta(days=random.randint(0, 120))
    invoices = []
    for _ in range(random.randint(1, 6)):
        issued += timedelta(days=random.randint(1, 30))
        total = Decimal(random.randint(1999, 250000)) / 100
        invoices.append({"issued": issued, "total": total, "paid": random.random() < 0.9})
    return service.monthly_revenue(invoices, paid_only=random.random() < 0.3)


def witness(service):
    """Report an invoice that was entered late."""
    invoices = [
        {"issued": date(2024, 3, 1), "total": Decimal("10.00"), "paid": True},
        {"issued": date(2024, 2, 27), "total": Decimal("20.00"), "paid": True},
    ]
    return service.monthly_revenue(invoices)
