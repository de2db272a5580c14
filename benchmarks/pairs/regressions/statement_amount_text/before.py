"""Writes amounts in account statements."""

SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£"}


def format_amount(cents, currency="EUR"):
    sign = "-" if cents < 0 else ""
    whole, rest = divmod(abs(cents), 100)
    return f"{sign}{whole:,}.{rest:02d} {SYMBOLS.get(currency, currency)}"


def statement_lines(opening, movements, currency="EUR"):
    balance = opening
    lines = [f"opening balance {format_amount(balance, currency)}"]
    for text, cents in movements:
        balance += cents
        direction = "in" if cents > 0 else "out"
        lines.append(f"{text:<20} {direction} {format_amount(abs(cents), currency)}")
    lines.append(f"closing balance {format_amount(balance, currency)}")
    return lines
