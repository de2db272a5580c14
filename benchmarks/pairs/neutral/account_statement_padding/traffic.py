"""Format specifications become ljust, rjust and join."""

from datetime import date, timedelta

KIND = "string formatting"
FUNCTION = "statement_line"


def traffic(service, random):
    """One ordinary use."""
    booked_on = date(2024, 1, 1) + timedelta(days=random.randint(0, 364))
    text = random.choice(["Rent", "Salary March", "Grocery store 114", "Electricity, quarterly bill for the flat"])
    balance = random.choice([None, random.randint(-50000, 900000)])
    return service.statement_line(booked_on, text, random.randint(-200000, 300000), balance)
