"""Nested conditions become a table of transitions."""

KIND = "transition table"
FUNCTION = "Delivery.apply"


def traffic(service, random):
    """One ordinary use."""
    delivery = service.Delivery(random.randint(10000, 99999))
    actions = ["pick_up"]
    if random.random() < 0.3:
        actions += ["fail", random.choice(["retry", "send_back"])]
    actions.append("deliver")
    try:
        for action in actions:
            delivery.apply(action, random.choice([None, "kim", "lou"]))
    except ValueError as refused:
        return str(refused)
    return delivery.state, delivery.attempts, delivery.history
