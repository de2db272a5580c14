"""A while loop becomes a range and a comprehension."""

from datetime import date, datetime, time, timedelta

KIND = "while to range"
FUNCTION = "free_slots"


def traffic(service, random):
    """One ordinary use."""
    day = date(2024, random.randint(1, 12), random.randint(1, 28))
    taken = []
    for _ in range(random.randint(0, 4)):
        start = datetime.combine(day, time(random.randint(8, 15), random.choice([0, 15, 30])))
        taken.append((start, start + timedelta(minutes=random.choice([15, 30, 60]))))
    closes = time(random.randint(12, 17), random.choice([0, 30]))
    return service.free_slots(
        day, time(8, 0), closes, random.choice([20, 30, 45]), taken, random.choice([None, None, 15])
    )
