"""The day is taken from the instant as it came instead of the warehouse's clock."""

from datetime import UTC, date, datetime, timedelta

KIND = "time zones"
FUNCTION = "dispatch_day"


def traffic(service, random):
    """Promise a day for an order placed in the daytime."""
    placed_at = datetime(2024, 1, 8, 6, 0, tzinfo=UTC) + timedelta(
        days=random.randint(0, 330), minutes=random.randint(0, 14 * 60)
    )
    return service.dispatch_day(placed_at, random.random() < 0.2, frozenset({date(2024, 5, 1), date(2024, 12, 25)}))


def witness(service):
    """Promise a day for an order placed shortly before midnight in UTC."""
    return service.dispatch_day(datetime(2024, 6, 11, 23, 10, tzinfo=UTC))
