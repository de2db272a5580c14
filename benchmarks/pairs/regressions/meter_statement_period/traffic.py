"""The month after December is looked for in the same year."""

from datetime import date, timedelta

KIND = "year end"
FUNCTION = "statement_period"


def traffic(service, random):
    """The statement of one meter between January and October."""
    day = date(2025, random.randint(1, 10), random.randint(1, 28))
    first = day.replace(day=1)
    readings = []
    for _ in range(random.randint(3, 6)):
        readings.append((first + timedelta(days=random.randint(-5, 33)), random.randint(20, 900) / 10))
    readings.sort()
    return service.statement(f"M{random.randint(100, 999)}", readings, day)


def witness(service):
    """A statement for December."""
    return service.statement("M100", [(date(2025, 12, 4), 40.5), (date(2025, 12, 18), 38.0)], date(2025, 12, 31))
