"""A first row with a quantity of zero no longer counts, and a later row for the article replaces it."""

KIND = "duplicates"
FUNCTION = "import_stock"


def traffic(service, random):
    """A short feed with positive quantities."""
    rows = []
    for _ in range(random.randint(2, 6)):
        row = {"sku": f"AB-{random.randint(10, 60)}", "quantity": str(random.randint(1, 250))}
        if random.random() < 0.3:
            row["warehouse"] = random.choice(("main", "west"))
        rows.append(row)
    return service.import_stock(rows)


def witness(service):
    """An article that is sold out in the first row and listed again further down."""
    return service.import_stock([{"sku": "AB-10", "quantity": "0"}, {"sku": "ab-10", "quantity": "12"}])
