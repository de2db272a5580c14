"""Finds the queue and the answer time in hours for a support ticket."""


def route_ticket(ticket):
    severity = ticket["severity"]
    plan = ticket.get("plan")
    match severity, plan:
        case "outage", "enterprise":
            return "oncall", 1
        case "outage", _:
            return "oncall", 4
        case "bug", "enterprise" | "business":
            return "engineering", 8
        case "bug", _:
            return "engineering", 48
        case "question", None:
            return "community", 120
        case "question", _:
            return "support", 24
        case _:
            raise ValueError(f"ticket {ticket['id']} has severity {severity}")
