"""A local time on the day before is no longer brought back into the day."""

KIND = "negative modulo"
FUNCTION = "_local_minute"


def traffic(service, random):
    """Ask for a user in Europe or India, in the daytime or the evening."""
    user = {
        "utc_offset": random.choice([0, 60, 60, 120, 330]),
        "quiet_from": random.choice(["21:00", "22:00", "22:30"]),
        "quiet_to": random.choice(["06:30", "07:00", "08:00"]),
    }
    minute = random.randint(1140, 1439) if random.random() < 0.5 else random.randint(0, 1139)
    return service.quiet_until(minute, user)


def witness(service):
    """Ask for a user in New York, for whom it is still yesterday evening."""
    return service.quiet_until(90, {"utc_offset": -300, "quiet_from": "22:00", "quiet_to": "07:00"})
