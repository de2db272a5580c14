"""Summarises the readings of a temperature sensor."""


def summarise(readings, limit=30.0):
    values = [value for _, value in readings if value is not None]
    missing = len(readings) - len(values)
    if not values:
        return {"count": 0, "missing": missing}
    above = [moment for moment, value in readings if value is not None and value > limit]
    first_alarm = above[0] if above else None
    mean = round(sum(values) / len(values), 2)
    highest = max(values)
    lowest = min(values)
    spread = round(highest - lowest, 2)
    return {
        "count": len(values),
        "missing": missing,
        "min": lowest,
        "max": highest,
        "mean": mean,
        "spread": spread,
        "first_alarm": first_alarm,
    }
