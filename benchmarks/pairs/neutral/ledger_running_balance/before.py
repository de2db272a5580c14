"""Adds the running balance to the entries of a ledger."""


def with_balance(entries, opening_cents=0, overdraft_cents=0):
    balance = opening_cents
    rows = []
    for entry in entries:
        balance = balance + entry["cents"]
        row = dict(entry)
        row["balance"] = balance
        row["overdrawn"] = balance < -overdraft_cents
        rows.append(row)
    return rows, balance
