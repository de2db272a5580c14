"""Summarises the readings of a temperature sensor."""


def summarise(readings, limit=30.0):
    values = [value for _, value in readings if value is not None]
    if not values:
        return {"count": 0, "missing": len(readings)}
    lowest = min(values)
    highest = max(values)
    mean = round(sum(values) / len(values), 2)
    missing = len(readings) - len(values)
    above = [moment for moment, value in readings if value is not None and value > limit]
    first_alarm = above[0] if above else None
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
