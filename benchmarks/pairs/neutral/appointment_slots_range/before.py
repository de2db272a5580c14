"""Lists the free slots of a doctor's day."""

from datetime import datetime, timedelta


def free_slots(day, opens, closes, minutes, taken=(), every=None):
    if minutes <= 0:
        raise ValueError("a slot takes some minutes")
    if every is not None and every <= 0:
        raise ValueError("slots start some minutes apart")
    length = timedelta(minutes=minutes)
    step = timedelta(minutes=every or minutes)
    start = datetime.combine(day, opens)
    end = datetime.combine(day, closes)
    slots = []
    while start + length <= end:
        free = True
        for busy_from, busy_to in taken:
            if start < busy_to and busy_from < start + length:
                free = False
        if free:
            slots.append(start)
        start = start + step
    return slots
