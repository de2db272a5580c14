"""Reports revenue per month from a list of invoices."""

from decimal import Decimal


def monthly_revenue(invoices, paid_only=False):
    totals = {}
    for invoice in invoices:
        if paid_only and not invoice["paid"]:
            continue
        month = invoice["issued"].strftime("%Y-%m")
        totals[month] = totals.get(month, Decimal("0.00")) + invoice["total"]
    rows = []
    running = Decimal("0.00")
    for month, total in sorted(totals.items()):
        running += total
        rows.append({"month": month, "total": total, "running": running})
    return rows
