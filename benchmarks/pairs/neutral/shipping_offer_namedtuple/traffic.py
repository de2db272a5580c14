"""Dictionaries used inside become named tuples."""

KIND = "dict to tuple"
FUNCTION = "best_offer"


def traffic(service, random):
    """One ordinary use."""
    return service.best_offer(random.randint(300, 26000), random.choice([None, None, 1, 2, 3]))
