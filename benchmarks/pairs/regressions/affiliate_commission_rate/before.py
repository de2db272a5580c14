"""Commission rates of affiliates as they stand in the partner sheet."""

from decimal import Decimal, InvalidOperation


def parse_rate(text):
    text = text.strip()
    try:
        if text.endswith("%"):
            rate = Decimal(text[:-1].rstrip()) / 100
        else:
            rate = Decimal(text)
            if rate > 1:
                rate /= 100
    except InvalidOperation:
        raise ValueError(f"not a rate: {text!r}") from None
    if not 0 <= rate <= 1:
        raise ValueError(f"rate out of range: {text!r}")
    return rate


def commission(sales, rate_text, minimum=Decimal(0)):
    earned = (sum(sales, Decimal(0)) * parse_rate(rate_text)).quantize(Decimal("0.01"))
    return max(earned, minimum)
