"""The order of the lines now matters when a key is sent again."""

from decimal import Decimal

KIND = "idempotency"
FUNCTION = "OrderDesk._fingerprint"


def _line(random):
    price = Decimal(random.randint(199, 8999)) / 100
    return {"sku": f"SKU-{random.randint(100, 999)}", "qty": random.randint(1, 3), "price": price}


def traffic(service, random):
    """Two or three orders; now and then a client sends the same one again."""
    desk = service.OrderDesk()
    answers = []
    for number in range(random.randint(2, 3)):
        key = f"k-{number}-{random.randint(1000, 9999)}"
        lines = [_line(random) for _ in range(random.randint(1, 4))]
        customer = random.choice(("Ann", "Bob", "Cleo"))
        answers.append(desk.place(key, customer, lines))
        if random.random() < 0.3:
            answers.append(desk.place(key, customer, list(lines)))
    return answers


def witness(service):
    """A client repeats its order with the lines the other way round."""
    desk = service.OrderDesk()
    lines = [
        {"sku": "SKU-2", "qty": 1, "price": Decimal("5.00")},
        {"sku": "SKU-1", "qty": 2, "price": Decimal("3.50")},
    ]
    desk.place("k", "Ann", lines)
    try:
        return desk.place("k", "Ann", lines[::-1])
    except service.KeyReused as error:
        return type(error).__name__, str(error)
