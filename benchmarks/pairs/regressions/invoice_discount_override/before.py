"""Builds invoice lines with negotiated discounts."""

from decimal import Decimal

CENT = Decimal("0.01")


def build_line(item, customer):
    discount = item.get("discount")
    if discount is None:
        discount = customer["default_discount"]
    gross = item["unit_price"] * item["quantity"]
    net = (gross * (100 - discount) / 100).quantize(CENT)
    line = {
        "description": item["name"],
        "quantity": item["quantity"],
        "gross": gross,
        "discount": discount,
        "net": net,
    }
    if item.get("note"):
        line["note"] = item["note"].strip()
    return line


def build_invoice(customer, items):
    lines = [build_line(item, customer) for item in items]
    return {"customer": customer["id"], "lines": lines, "net": sum(line["net"] for line in lines)}
