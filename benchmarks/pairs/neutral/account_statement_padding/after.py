"""Prints the lines of an account statement in fixed columns."""


def statement_line(booked_on, text, cents, balance_cents=None):
    columns = [booked_on.strftime("%d.%m.%Y"), "  ", text[:28].ljust(28), format(cents / 100, ",.2f").rjust(12)]
    if balance_cents is not None:
        columns.append(format(balance_cents / 100, ",.2f").rjust(14))
    return "".join(columns)
