"""Turns rows of a payment provider's export into bookings."""

from decimal import Decimal

FEES = {"EUR": Decimal("0.25"), "USD": Decimal("0.30"), "SEK": Decimal("2.80")}


def to_booking(row, account):
    amount = Decimal(row["amount"].replace(",", ""))
    currency = row.get("currency", account["currency"])
    fee = Decimal(row["fee"]) if row.get("fee") else FEES.get(currency, Decimal("0"))
    booking = {
        "reference": row["id"],
        "account": account["iban"],
        "currency": currency,
        "amount": amount,
        "net": amount - fee,
    }
    if row.get("memo"):
        booking["memo"] = row["memo"][:35]
    return booking


def import_rows(rows, account):
    return [to_booking(row, account) for row in rows if row["status"] == "settled"]
