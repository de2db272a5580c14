"""An optional parameter that nothing uses yet is added."""

from datetime import datetime, timedelta

KIND = "unused parameter"
FUNCTION = "render_sms"


def traffic(service, random):
    """One ordinary use."""
    when = datetime(2024, 2, 1, 8) + timedelta(minutes=15 * random.randint(0, 20000))
    name = random.choice(["maria", "Tom", "JULIA", "ben stone"])
    kind = random.choice(["reminder", "reminder", "moved", "cancelled"])
    if random.random() < 0.5:
        return service.render_sms(kind, name, when)
    return service.render_sms(kind, name, when, random.choice(["12 Mill Road", "the west wing", "room 4"]))
