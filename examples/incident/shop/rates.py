"""Exchange rates, as a partner sends them."""

RATES = {"EUR": "1.08", "GBP": "1.27", "CHF": "1.13", "JPY": "n/a"}


class RateMissing(Exception):
    pass


def rate_of(currency: str) -> float:
    if currency == "USD":
        return 1.0
    try:
        return float(RATES[currency])
    except (KeyError, ValueError) as error:
        raise RateMissing(currency) from error
