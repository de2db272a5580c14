"""A list that is sorted again and again becomes a heap with a running number for ties."""

from datetime import datetime, timedelta

KIND = "heap"
FUNCTION = "Reminders.pop_due"


def traffic(service, random):
    """One ordinary use."""
    now = datetime(2024, 11, random.randint(1, 30), random.randint(7, 19))
    reminders = service.Reminders()
    for _ in range(random.randint(1, 6)):
        due = now + timedelta(minutes=random.randint(-600, 300))
        repeat = random.choice([None, None, timedelta(days=1), timedelta(hours=6)])
        reminders.schedule(due, random.choice(["call back", "send offer", "water plants", "stand-up"]), repeat)
    first = reminders.pop_due(now)
    return first, reminders.pop_due(now + timedelta(hours=8)), len(reminders)
