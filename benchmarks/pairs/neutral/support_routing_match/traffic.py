"""An if chain becomes a match statement."""

KIND = "if to match"
FUNCTION = "route_ticket"


def traffic(service, random):
    """One ordinary use."""
    ticket = {
        "id": random.randint(100, 9999),
        "severity": random.choice(["question", "question", "bug", "bug", "outage"]),
        "plan": random.choice([None, "starter", "business", "enterprise"]),
    }
    if random.random() < 0.1:
        del ticket["plan"]
    return service.route_ticket(ticket)
