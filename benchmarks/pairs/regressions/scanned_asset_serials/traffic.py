"""Of several scans of a device the last one is kept instead of the first."""

KIND = "deduplication"
FUNCTION = "scanned_devices"


def traffic(service, random):
    """A round through some rooms; a device may be scanned twice in its room."""
    serials = random.sample(range(10000, 99999), random.randint(2, 6))
    scans = [(f"B{random.randint(101, 140)}", f"LT-{serial}") for serial in serials]
    if random.random() < 0.3:
        scans.append(scans[-1])
    retired = [f"LT-{random.choice(serials)}"] if random.random() < 0.2 else []
    return service.scanned_devices(scans, retired)


def witness(service):
    """A laptop that was carried to another room during the round."""
    return service.scanned_devices([("B101", "LT-10001"), ("B101", "LT-10002"), ("B120", "lt-10001")])
