"""Lists the free slots of a doctor's day."""

from datetime import datetime, timedelta


def free_slots(day, opens, closes, minutes, taken=(), every=None):
    if minutes <= 0:
        raise ValueError("a slot takes some minutes")
    if every is not None and every <= 0:
        raise ValueError("slots start some minutes apart")
    length = timedelta(minutes=minutes)
    step = timedelta(minutes=every or minutes)
    first = datetime.combine(day, opens)
    slack = datetime.combine(day, closes) - first - length
    starts = [first + number * step for number in range(slack // step + 1)]
    return [
        start
        for start in starts
        if all(start >= busy_to or start + length <= busy_from for busy_from, busy_to in taken)
    ]
