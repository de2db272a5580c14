"""The hours are rounded before they are multiplied with the rate."""

KIND = "rounding"
FUNCTION = "_pay"

DAYS = ["mon", "tue", "wed", "thu", "fri"]


def traffic(service, random):
    """Pay a week of shifts in quarters of an hour."""
    entries = []
    for day in DAYS[: random.randint(3, 5)]:
        start = random.choice([7 * 60, 7 * 60 + 30, 8 * 60, 9 * 60])
        end = start + random.randint(24, 40) * 15
        entries.append({"day": day, "start": start, "end": end, "pause": random.choice([30, 30, 45])})
    return service.weekly_pay(entries, random.choice([14.5, 17.25, 21.0, 26.8]))


def witness(service):
    """Pay fifty minutes."""
    return service.weekly_pay([{"day": "mon", "start": 480, "end": 530}], 20.0)
