"""Tells which hours of a day's roster have too few people on shift."""


def understaffed_hours(shifts, needed, opens=8, closes=20):
    present = {hour: [name for name, start, end in shifts if start <= hour < end] for hour in range(opens, closes)}
    return [(hour, needed - len(names), sorted(names)) for hour, names in present.items() if len(names) < needed]
