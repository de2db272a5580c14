"""The sale that takes a small seller across the yearly limit still gets the home rate."""

from decimal import Decimal

KIND = "deep branch"
FUNCTION = "Seller.rate_for"


def traffic(service, random):
    """A line of a shop which is clearly below or clearly above the limit."""
    sold = Decimal(random.choice((random.randint(50000, 700000), random.randint(1200000, 9000000)))) / 100
    country = random.choices(("DE", "FR", "AT", "ES", "HU", "CH"), (60, 10, 12, 8, 5, 5))[0]
    net = Decimal(random.randint(900, 24900)) / 100
    vat_id = f"{country}{random.randint(10000000, 99999999)}" if random.random() < 0.3 else None
    return service.Seller("DE", sold).rate_for(country, net, vat_id, random.choice(("goods", "goods", "digital")))


def witness(service):
    """The sale that reaches the limit."""
    return service.Seller("DE", Decimal("9950.00")).rate_for("ES", Decimal("120.00"), kind="digital")
