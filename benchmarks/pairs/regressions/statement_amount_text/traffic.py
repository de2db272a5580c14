"""A negative amount is divided with its sign, so that whole and rest are wrong."""

KIND = "negative division"
FUNCTION = "format_amount"


def traffic(service, random):
    """Write the statement of an account in credit."""
    movements = []
    for text in random.sample(["Rent", "Groceries", "Salary", "Electricity", "Cinema", "Refund"], random.randint(1, 5)):
        cents = random.randint(800, 60000)
        movements.append((text, cents if text in ("Salary", "Refund") else -cents))
    currency = random.choice(["EUR", "EUR", "EUR", "CHF"])
    return service.statement_lines(random.randint(300000, 900000), movements, currency)


def witness(service):
    """Write the statement of an overdrawn account."""
    return service.statement_lines(1000, [("Rent", -2550)])
