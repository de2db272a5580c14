"""Prices of a basket: a few functions with a branch here and there, as services have them."""

from __future__ import annotations

from typing import Any

BULK = 40
FREE_SHIPPING = 20_000
GOLD = frozenset({"alice", "carol", "erin"})


def quote(customer: str, quantities: list[int]) -> dict[str, Any]:
    """What a basket costs, in cents."""
    lines = [line(position, quantity) for position, quantity in enumerate(quantities, start=1)]
    subtotal = sum(one["cents"] for one in lines)
    rebate = subtotal * rebate_percent(customer, subtotal) // 100
    shipping = shipping_cents(subtotal - rebate)
    return {
        "customer": customer,
        "lines": lines,
        "subtotal": subtotal,
        "rebate": rebate,
        "shipping": shipping,
        "total": subtotal - rebate + shipping,
        "status": "ok",
    }


def line(position: int, quantity: int) -> dict[str, int]:
    unit = unit_cents(position, quantity)
    return {"position": position, "quantity": quantity, "cents": unit * quantity}


def unit_cents(position: int, quantity: int) -> int:
    cents = 125 + 35 * position
    if quantity >= BULK:
        cents -= cents // 10
    return cents


def rebate_percent(customer: str, subtotal: int) -> int:
    if customer in GOLD:
        return 7
    return 2 if subtotal > FREE_SHIPPING else 0


def shipping_cents(total: int) -> int:
    return 0 if total >= FREE_SHIPPING else 495
