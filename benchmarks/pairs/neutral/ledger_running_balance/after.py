"""Adds the running balance to the entries of a ledger."""

from itertools import accumulate


def with_balance(entries, opening_cents=0, overdraft_cents=0):
    entries = list(entries)
    balances = list(accumulate((entry["cents"] for entry in entries), initial=opening_cents))
    rows = [
        {**entry, "balance": balance, "overdrawn": balance < -overdraft_cents}
        for entry, balance in zip(entries, balances[1:], strict=True)
    ]
    return rows, balances[-1]
