"""The amount of a line and the shipping are moved into helper methods."""

from decimal import Decimal

KIND = "extract helper"
FUNCTION = "Cart.total"


def traffic(service, random):
    """One ordinary use."""
    cart = service.Cart()
    for _ in range(random.randint(1, 6)):
        price = Decimal(random.randint(199, 8999)) / 100
        cart.add(
            f"SKU-{random.randint(1000, 9999)}", price, random.randint(1, 4), random.choice([0, 0, 0, 5, 10, 15, 25])
        )
    return cart.total()
