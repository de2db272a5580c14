"""Weekly totals of a timesheet for payroll."""

from decimal import Decimal

FULL_WEEK = Decimal("40")


def weekly_totals(entries, full_week=FULL_WEEK):
    weeks = {}
    for entry in entries:
        if entry.get("void"):
            continue
        key = entry["day"].strftime("%Y-W%V")
        weeks[key] = weeks.get(key, Decimal(0)) + entry["hours"]

    rows = []
    for key in sorted(weeks):
        hours = weeks[key]
        overtime = max(hours - full_week, Decimal(0))
        rows.append({"week": key, "regular": hours - overtime, "overtime": overtime})
    return rows
