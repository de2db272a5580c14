"""The day of the month is taken from the previous renewal, not from the start, so 31 January drifts to the 28th."""

from datetime import date

KIND = "calendar"
FUNCTION = "Subscription.schedule"


def traffic(service, random):
    """Two to six renewals of a subscription that is billed on a fixed day."""
    started = date(2025, random.randint(1, 12), random.choice((1, 5, 10, 15, 20, 25)))
    customer = f"C-{random.randint(1000, 9999)}"
    plan = service.Subscription(customer, started, random.choice((1, 1, 1, 3)))
    return plan.schedule(random.randint(2, 6))


def witness(service):
    """A subscription from 31 January."""
    return service.Subscription("C-1", date(2025, 1, 31)).schedule(3)
