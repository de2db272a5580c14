"""Decides how much of an order is refunded when it is sent back."""

from datetime import timedelta

RETURN_WINDOW = timedelta(days=30)
RESTOCKING_PERCENT = 15


def refund_cents(order, today, opened=False):
    if order["status"] != "cancelled":
        if order["delivered_on"] is not None:
            if today < order["delivered_on"]:
                raise ValueError(f"order {order['id']} is returned before its delivery")
            if today - order["delivered_on"] <= RETURN_WINDOW:
                if opened:
                    result = order["paid_cents"] - order["paid_cents"] * RESTOCKING_PERCENT // 100
                else:
                    result = order["paid_cents"]
            else:
                result = 0
        else:
            raise ValueError(f"order {order['id']} was never delivered")
    else:
        result = order["paid_cents"]
    return result
