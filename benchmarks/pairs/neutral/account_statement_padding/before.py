"""Prints the lines of an account statement in fixed columns."""


def statement_line(booked_on, text, cents, balance_cents=None):
    amount = f"{cents / 100:>12,.2f}"
    line = f"{booked_on:%d.%m.%Y}  {text[:28]:<28}{amount}"
    if balance_cents is not None:
        line += f"{balance_cents / 100:>14,.2f}"
    return line
