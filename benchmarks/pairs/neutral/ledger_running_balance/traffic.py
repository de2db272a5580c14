"""A running sum becomes itertools.accumulate."""

from datetime import date, timedelta

KIND = "accumulate"
FUNCTION = "with_balance"


def traffic(service, random):
    """One ordinary use."""
    day = date(2024, 1, 2)
    entries = []
    for _ in range(random.randint(1, 7)):
        day += timedelta(days=random.randint(0, 9))
        entries.append(
            {"day": day, "text": random.choice(["rent", "fee", "sale"]), "cents": random.randint(-90000, 90000)}
        )
    return service.with_balance(entries, random.randint(0, 200000), random.choice([0, 0, 50000]))
