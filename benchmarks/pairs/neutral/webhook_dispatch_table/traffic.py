"""A chain of comparisons becomes a table of handlers."""

KIND = "dict dispatch"
FUNCTION = "order_change"


def traffic(service, random):
    """One ordinary use."""
    charged = random.randint(500, 20000)
    kind, data = random.choice(
        [
            ("payment.succeeded", {"amount": charged}),
            ("payment.succeeded", {"amount": charged}),
            ("payment.failed", {"reason": random.choice(["card_declined", "insufficient_funds", None])}),
            ("payment.expired", {}),
            ("refund.created", {"amount": random.choice([charged, charged // 2]), "charged": charged}),
            ("dispute.opened", {}),
        ]
    )
    return service.order_change({"type": kind, "order": f"O-{random.randint(1000, 9999)}", "data": data})
