"""Gold members with a basic fare get the taxes back in full even on the last day."""

from decimal import Decimal

KIND = "deep branch"
FUNCTION = "cancellation_refund"


def traffic(service, random):
    """A cancellation, usually days ahead and by somebody without status."""
    fare = Decimal(random.randint(3900, 48900)) / 100
    taxes = Decimal(random.randint(1200, 6400)) / 100
    fare_class = random.choices(("basic", "standard", "flex"), (45, 40, 15))[0]
    hours_left = random.choices((random.randint(3, 23), random.randint(24, 71), random.randint(72, 900)), (6, 20, 74))[
        0
    ]
    tier = random.choices(("none", "silver", "gold"), (80, 16, 4))[0]
    return service.cancellation_refund(fare, taxes, fare_class, hours_left, tier)


def witness(service):
    """A gold member, a basic fare, ten hours to go."""
    return service.cancellation_refund(Decimal("89.00"), Decimal("31.20"), "basic", 10, "gold")
