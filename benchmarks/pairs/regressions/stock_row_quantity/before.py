"""Reads rows of a supplier's stock file."""


class RowError(Exception):
    def __init__(self, line, reason):
        super().__init__(f"line {line}: {reason}")
        self.line = line


def _quantity(line, raw):
    try:
        quantity = int(raw)
    except (TypeError, ValueError):
        raise RowError(line, f"bad quantity {raw!r}") from None
    if quantity < 0:
        raise RowError(line, "negative quantity")
    return quantity


def read_rows(rows, first_line=2):
    stock = {}
    for line, row in enumerate(rows, first_line):
        sku = row["sku"].strip().upper()
        if not sku:
            raise RowError(line, "no sku")
        stock[sku] = stock.get(sku, 0) + _quantity(line, row.get("quantity"))
    return stock
