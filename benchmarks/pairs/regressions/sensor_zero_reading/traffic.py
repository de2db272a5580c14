"""A reading of exactly zero counts as missing."""

KIND = "None or falsy"
FUNCTION = "SensorWindow._values"


def traffic(service, random):
    """Summarise a window of room temperatures."""
    window = service.SensorWindow(f"room-{random.randint(1, 40)}", offset=random.choice([0.0, 0.0, -0.25]))
    base = random.uniform(17, 24)
    for second in range(0, random.randint(4, 12) * 30, 30):
        value = None if random.random() < 0.05 else round(base + random.gauss(0, 0.6), 2)
        window.feed({"at": second, "value": value})
    return window.summary()


def witness(service):
    """Summarise a window at the freezing point."""
    window = service.SensorWindow("cold-room")
    for value in (1.5, 0.0, -0.5):
        window.feed({"at": 0, "value": value})
    return window.summary()
