"""Finds the queue and the answer time in hours for a support ticket."""


def route_ticket(ticket):
    severity = ticket["severity"]
    plan = ticket.get("plan")
    if severity == "outage":
        if plan == "enterprise":
            return "oncall", 1
        return "oncall", 4
    elif severity == "bug" and plan in ("enterprise", "business"):
        return "engineering", 8
    elif severity == "bug":
        return "engineering", 48
    elif severity == "question" and plan is None:
        return "community", 120
    elif severity == "question":
        return "support", 24
    raise ValueError(f"ticket {ticket['id']} has severity {severity}")
