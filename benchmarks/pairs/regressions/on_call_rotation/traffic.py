"""Weeks before the anchor are cut towards zero instead of rounded down."""

from datetime import date, timedelta

KIND = "negative division"
FUNCTION = "OnCallRota._week"


def traffic(service, random):
    """Ask for a day after the rota began."""
    anchor = date(2024, 1, 1) + timedelta(days=random.randint(0, 60))
    day = anchor + timedelta(days=random.randint(0, 280))
    people = random.sample(["maria", "tobias", "ines", "jonas", "olga"], random.randint(2, 5))
    swaps = {day + timedelta(days=random.randint(0, 3)): "stand-in"} if random.random() < 0.2 else None
    rota = service.OnCallRota(anchor, people, swaps)
    return rota.on_duty(day), rota.handover(day)


def witness(service):
    """Ask for a day before the anchor."""
    rota = service.OnCallRota(date(2024, 1, 8), ["maria", "tobias", "ines"])
    return rota.on_duty(date(2024, 1, 4)), rota.handover(date(2024, 1, 4))
