"""Tells which hours of a day's roster have too few people on shift."""


def understaffed_hours(shifts, needed, opens=8, closes=20):
    gaps = []
    for hour in range(opens, closes):
        names = []
        for name, start, end in shifts:
            if start <= hour < end:
                names.append(name)
        missing = needed - len(names)
        if missing > 0:
            names.sort()
            gaps.append((hour, missing, names))
    return gaps
