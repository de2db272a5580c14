"""Imports the stock feed of a supplier, first row of an article wins."""


def row_key(row):
    return row["sku"].strip().upper(), row.get("warehouse", "main")


def import_stock(rows, known=()):
    levels = {}
    skipped = []
    known = set(known)
    for number, row in enumerate(rows, start=1):
        key = row_key(row)
        if known and key[0] not in known:
            skipped.append((number, "unknown article"))
        elif key in levels:
            skipped.append((number, "duplicate"))
        else:
            levels[key] = max(0, int(row["quantity"]))
    return levels, skipped
