"""A row without a quantity raises a bare TypeError instead of the row's error."""

KIND = "exception"
FUNCTION = "_quantity"


def traffic(service, random):
    """Read a few rows, of which one is sometimes misspelt."""
    rows = []
    for _ in range(random.randint(1, 6)):
        rows.append({"sku": f"kb-{random.randint(100, 140)}", "quantity": str(random.randint(0, 250))})
    if random.random() < 0.1:
        rows[-1]["quantity"] = "n/a"
    try:
        return service.read_rows(rows)
    except service.RowError as error:
        return error.line


def witness(service):
    """Read a row without the column."""
    try:
        return service.read_rows([{"sku": "kb-101"}])
    except (service.RowError, TypeError) as e:
        return type(e).__name__, str(e)
