"""Days are added on the clock of UTC instead of the user's, so that a change of clocks moves the reminder."""

from datetime import UTC, datetime, timedelta

KIND = "time zones"
FUNCTION = "Reminder.next_after"


def traffic(service, random):
    """Ask for the next occurrence of a reminder that began some days ago."""
    first = datetime(2024, random.choice([1, 2, 5, 6, 7, 8, 11]), random.randint(1, 15), random.randint(5, 20), 30)
    reminder = service.Reminder(first.replace(tzinfo=UTC), random.choice(["Europe/Berlin", "Europe/Paris"]))
    now = first.replace(tzinfo=UTC) + timedelta(days=random.randint(0, 9), minutes=random.randint(1, 1400))
    return reminder.next_after(now)


def witness(service):
    """Ask across the change to summer time."""
    reminder = service.Reminder(datetime(2024, 3, 29, 7, 0, tzinfo=UTC), "Europe/Berlin")
    return reminder.next_after(datetime(2024, 4, 1, 12, 0, tzinfo=UTC))
