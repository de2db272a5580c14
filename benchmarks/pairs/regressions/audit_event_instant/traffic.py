"""An offset in the text is thrown away instead of converted."""

from datetime import datetime, timedelta

KIND = "time zones"
FUNCTION = "_instant"


def traffic(service, random):
    """Order the events of an hour."""
    start = datetime(2024, 2, 5, 7, 0) + timedelta(days=random.randint(0, 250))
    events = []
    for _ in range(random.randint(1, 6)):
        at = start + timedelta(seconds=random.randint(0, 3600))
        events.append(
            {
                "at": at.isoformat() + random.choice(["", "Z", "+00:00"]),
                "actor": random.choice(["kiosk", "mlund", "svc-backup", "jhaddad"]),
                "action": random.choice(["unlock", "login", "export"]),
            }
        )
    return service.timeline(events, since=start.isoformat() if random.random() < 0.3 else None)


def witness(service):
    """Order an event with an offset after one without."""
    events = [
        {"at": "2024-05-06T10:00:00+02:00", "actor": "mlund", "action": "login"},
        {"at": "2024-05-06T09:00:00", "actor": "kiosk", "action": "unlock"},
    ]
    return service.timeline(events)
