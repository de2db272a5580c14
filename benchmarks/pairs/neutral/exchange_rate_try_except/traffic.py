"""Look before you leap becomes try and except."""

KIND = "try except"
FUNCTION = "convert"


def traffic(service, random):
    """One ordinary use."""
    rates = {
        "EUR": 1.0,
        "USD": round(random.uniform(1.02, 1.14), 4),
        "GBP": round(random.uniform(0.82, 0.89), 4),
        "JPY": round(random.uniform(140, 170), 2),
    }
    source = random.choice(["EUR", "EUR", "USD", "GBP"])
    return service.convert(random.randint(100, 90000), source, random.choice(["EUR", "USD", "GBP", "JPY"]), rates)
