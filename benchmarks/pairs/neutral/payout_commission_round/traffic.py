"""Decimal.quantize to cents becomes round to two digits, which is the same for Decimal."""

from decimal import Decimal

KIND = "decimal rounding"
FUNCTION = "split_sale"


def traffic(service, random):
    """One ordinary use."""
    price = Decimal(random.randint(150, 45000)) / 100
    return service.split_sale(price, random.choice(["books", "fashion", "antiques"]), random.random() < 0.2)
