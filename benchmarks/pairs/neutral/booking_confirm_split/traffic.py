"""The checks move into a method of their own."""

from datetime import datetime, timedelta

KIND = "split method"
FUNCTION = "BookingDesk.confirm"


def traffic(service, random):
    """One ordinary use."""
    desk = service.BookingDesk({"Oak": 6, "Elm": 12, "Ash": 30})
    for _ in range(random.randint(1, 4)):
        start = datetime(2024, 4, random.randint(1, 3), random.randint(8, 16), random.choice([0, 30]))
        booking = {
            "room": random.choice(["Oak", "Elm", "Ash"]),
            "people": random.randint(2, 8),
            "start": start,
            "end": start + timedelta(minutes=random.choice([30, 60, 90])),
            "state": "provisional",
        }
        try:
            desk.confirm(booking)
        except ValueError:
            booking["state"] = "refused"
    return len(desk.confirmed), desk.refused
