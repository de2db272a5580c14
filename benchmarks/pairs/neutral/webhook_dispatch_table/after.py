"""Translates the events of a payment provider into changes of an order."""


def _paid(data):
    return {"status": "paid", "paid_cents": data["amount"]}


def _failed(data):
    return {"status": "payment_failed", "reason": data.get("reason") or "unknown"}


def _refunded(data):
    return {"status": "refunded" if data["amount"] >= data["charged"] else "partly_refunded"}


_CHANGES = {
    "payment.succeeded": _paid,
    "payment.failed": _failed,
    "payment.expired": _failed,
    "refund.created": _refunded,
}


def order_change(event):
    kind = event["type"]
    data = event.get("data", {})
    handler = _CHANGES.get(kind)
    if handler is not None:
        change = handler(data)
    elif kind.startswith("dispute."):
        change = {"status": "disputed"}
    else:
        raise ValueError(f"unknown event type {kind!r}")
    return change | {"order": event["order"]}
