"""Half a cent of tax is rounded to even instead of up."""

from decimal import Decimal

KIND = "rounding"
FUNCTION = "_cents"


def traffic(service, random):
    """Sum up the tax of an order."""
    lines = []
    for _ in range(random.randint(1, 6)):
        price = Decimal(random.randint(3, 140)) + Decimal(random.choice(["0.99", "0.95", "0.49", "0.79", "0.25"]))
        lines.append((price, random.choice(["standard", "standard", "standard", "zero"])))
    return service.tax_summary(lines)


def witness(service):
    """Tax 0.50 at five percent."""
    return service.tax_summary([(Decimal("0.50"), "reduced")])
