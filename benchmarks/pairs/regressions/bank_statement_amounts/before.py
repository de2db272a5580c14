"""Reads the amounts of imported bank statements."""

import re
from decimal import Decimal

AMOUNT = re.compile(r"\d+(\.\d{1,2})?")


def parse_amount(text):
    text = text.strip().replace("\u00a0", "").replace(" ", "")
    negative = text.startswith(("-", "(")) or text.endswith("-")
    digits = text.strip("+-()").replace(",", "")
    if not AMOUNT.fullmatch(digits):
        raise ValueError(f"not an amount: {text!r}")
    value = Decimal(digits)
    return -value if negative else value


def statement_balance(opening, bookings):
    balance = parse_amount(opening)
    lines = []
    for purpose, amount in bookings:
        balance += parse_amount(amount)
        lines.append((purpose[:27], f"{balance:.2f}"))
    return balance, lines
