"""An explicit discount of zero falls back to the customer's discount."""

from decimal import Decimal

KIND = "None or falsy"
FUNCTION = "build_line"

NAMES = ["Desk lamp", "Office chair", "Whiteboard", "Monitor arm", "Filing cabinet", "Cable tray"]


def traffic(service, random):
    """Invoice a few items."""
    customer = {"id": random.randint(1000, 9999), "default_discount": random.choice([2, 3, 5])}
    items = []
    for name in random.sample(NAMES, random.randint(1, 5)):
        items.append(
            {
                "name": name,
                "unit_price": Decimal(random.randint(899, 48999)) / 100,
                "quantity": random.randint(1, 6),
                "discount": random.choice([None, None, None, 10, 15]),
                "note": None,
            }
        )
    return service.build_invoice(customer, items)


def witness(service):
    """Invoice an item which is excluded from discounts."""
    item = {"name": "Gift card", "unit_price": Decimal("50.00"), "quantity": 1, "discount": 0}
    return service.build_invoice({"id": 1, "default_discount": 5}, [item])
