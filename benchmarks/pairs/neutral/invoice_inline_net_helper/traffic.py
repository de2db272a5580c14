"""Two small helpers are written out where they were called."""

KIND = "inline helper"
FUNCTION = "invoice_totals"


def traffic(service, random):
    """One ordinary use."""
    positions = []
    for _ in range(random.randint(1, 6)):
        position = {"quantity": random.randint(1, 10), "price_cents": random.randint(150, 25000)}
        if random.random() < 0.4:
            position["tax_class"] = random.choice(["standard", "reduced", "reduced", "exempt"])
        if random.random() < 0.3:
            position["rebate_cents"] = random.choice([None, 50, 100, 120])
        positions.append(position)
    return service.invoice_totals(positions)
