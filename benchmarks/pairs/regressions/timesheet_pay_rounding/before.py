"""Works out the pay for a week of timesheet entries."""

OVERTIME_AFTER = 40 * 60


def _pay(minutes, hourly, factor=1.0):
    return round(minutes / 60 * hourly * factor, 2)


def weekly_pay(entries, hourly):
    worked = 0
    for entry in entries:
        minutes = entry["end"] - entry["start"] - entry.get("pause", 0)
        if minutes < 0:
            raise ValueError(f"entry of {entry['day']} ends before it starts")
        worked += minutes
    overtime = max(worked - OVERTIME_AFTER, 0)
    regular = worked - overtime
    return {
        "minutes": worked,
        "regular": _pay(regular, hourly),
        "overtime": _pay(overtime, hourly, 1.25),
    }
