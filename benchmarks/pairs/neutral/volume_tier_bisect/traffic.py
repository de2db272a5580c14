"""A search through tiers becomes a bisection."""

KIND = "bisect"
FUNCTION = "_milli_price"


def traffic(service, random):
    """One ordinary use."""
    volume = random.choice([random.randint(50, 5000), random.randint(5000, 150000), random.randint(150000, 2000000)])
    return service.monthly_charge(volume, random.choice([0, 0, 500, 5000]))
