"""The percent sign is only stripped, so rates of one percent and below are read as shares."""

from decimal import Decimal

KIND = "percent"
FUNCTION = "parse_rate"


def traffic(service, random):
    """An affiliate's month with a usual rate."""
    sales = [Decimal(random.randint(990, 19900)) / 100 for _ in range(random.randint(1, 6))]
    rate = random.choice(("5%", "7.5%", "8 %", "10%", "12%", "0.08", "6"))
    return service.commission(sales, rate, random.choice((Decimal(0), Decimal("5.00"))))


def witness(service):
    """Half a percent."""
    return service.commission([Decimal("1200.00")], "0.5%")
