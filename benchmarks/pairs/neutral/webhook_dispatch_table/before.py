"""Translates the events of a payment provider into changes of an order."""


def _paid(data):
    return {"status": "paid", "paid_cents": data["amount"]}


def _failed(data):
    return {"status": "payment_failed", "reason": data.get("reason") or "unknown"}


def _refunded(data):
    return {"status": "refunded" if data["amount"] >= data["charged"] else "partly_refunded"}


def order_change(event):
    kind = event["type"]
    data = event.get("data", {})
    if kind == "payment.succeeded":
        change = _paid(data)
    elif kind == "payment.failed" or kind == "payment.expired":
        change = _failed(data)
    elif kind == "refund.created":
        change = _refunded(data)
    elif kind.startswith("dispute."):
        change = {"status": "disputed"}
    else:
        raise ValueError(f"unknown event type {kind!r}")
    change["order"] = event["order"]
    return change
