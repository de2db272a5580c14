"""Dictionaries used inside become a dataclass."""

KIND = "dict to dataclass"
FUNCTION = "read_prices"


def traffic(service, random):
    """One ordinary use."""
    rows = []
    for _ in range(random.randint(1, 6)):
        separator = random.choice([",", ",", "."])
        row = {
            "sku": random.choice(["sc-10", "SC-10", " sc-12 ", "nb-4", "nb-9", "wx-1"]),
            "price": f"{random.randint(0, 80)}{separator}{random.randint(0, 99):02d}",
        }
        if random.random() < 0.8:
            row["name"] = random.choice(["Screw 10mm", "Nut 4", " Washer", "Bolt"])
        if random.random() < 0.5:
            row["pack"] = random.choice(["", "10", "100", None])
        rows.append(row)
    return service.read_prices(rows)
