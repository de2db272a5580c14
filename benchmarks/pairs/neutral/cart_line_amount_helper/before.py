"""Shopping cart with a discount per line and a shipping threshold."""

from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
FREE_SHIPPING_FROM = Decimal("60.00")
SHIPPING = Decimal("4.95")


class Cart:
    def __init__(self, currency="EUR"):
        self.currency = currency
        self.lines = []

    def add(self, sku, unit_price, quantity=1, discount_percent=0):
        if quantity < 1:
            raise ValueError(f"quantity of {sku} must be positive")
        self.lines.append(
            {"sku": sku, "unit_price": unit_price, "quantity": quantity, "discount_percent": discount_percent}
        )

    def total(self):
        subtotal = Decimal("0.00")
        for line in self.lines:
            amount = line["unit_price"] * line["quantity"]
            if line["discount_percent"]:
                amount = amount * (100 - line["discount_percent"]) / 100
            subtotal += amount.quantize(CENT, rounding=ROUND_HALF_UP)
        shipping = SHIPPING
        if not self.lines or subtotal >= FREE_SHIPPING_FROM:
            shipping = Decimal("0.00")
        return {"currency": self.currency, "subtotal": subtotal, "shipping": shipping, "total": subtotal + shipping}
