"""A trailing minus is no longer understood and the booking counts as a credit."""

from decimal import Decimal

KIND = "signs"
FUNCTION = "parse_amount"


def traffic(service, random):
    """A statement with one to six bookings."""
    bookings = []
    for _ in range(random.randint(1, 6)):
        amount = f"{Decimal(random.randint(150, 420000)) / 100:,.2f}"
        if random.random() < 0.6:
            amount = f"-{amount}"
        bookings.append((random.choice(("Rent", "Salary", "Card payment", "Direct debit electricity")), amount))
    return service.statement_balance(f"{random.randint(100, 9000):,}.50", bookings)


def witness(service):
    """A bank that writes the sign behind the number."""
    return service.statement_balance("1,234.50", [("Rent", "800.00-"), ("Refund", "15.10")])
