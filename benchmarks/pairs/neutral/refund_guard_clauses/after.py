"""Decides how much of an order is refunded when it is sent back."""

from datetime import timedelta

RETURN_WINDOW = timedelta(days=30)
RESTOCKING_PERCENT = 15


def refund_cents(order, today, opened=False):
    if order["status"] == "cancelled":
        return order["paid_cents"]
    delivered = order["delivered_on"]
    if delivered is None:
        raise ValueError(f"order {order['id']} was never delivered")
    if today < delivered:
        raise ValueError(f"order {order['id']} is returned before its delivery")
    if today - delivered > RETURN_WINDOW:
        return 0
    paid = order["paid_cents"]
    if opened:
        return paid - paid * RESTOCKING_PERCENT // 100
    return paid
