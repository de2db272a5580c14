"""A pure look-up is cached."""

KIND = "memoise"
FUNCTION = "vat_rate"


def traffic(service, random):
    """One ordinary use."""
    country = random.choice(["DE", "DE", "AT", "FR", "nl", "PL"])
    return service.vat_rate(country, random.choice(["books", "Food", "garden", "toys", "electronics"]))
