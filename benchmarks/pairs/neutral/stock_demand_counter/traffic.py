"""Hand-made counting becomes collections.Counter."""

KIND = "counter"
FUNCTION = "StockCheck.shortages"


def traffic(service, random):
    """One ordinary use."""
    skus = ["mug", "plate", "bowl", "fork", "spoon"]
    check = service.StockCheck({sku: random.randint(2, 15) for sku in skus[:-1]})
    lines = [(random.randint(700, 740), random.choice(skus), random.randint(1, 6)) for _ in range(random.randint(2, 9))]
    return check.shortages(lines)
