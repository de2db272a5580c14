"""Picks the support queue for a new ticket."""

OFFICES = {"emea": (6, 17), "amer": (13, 24), "apac": (0, 9)}


def office_open(region, hour):
    opens, closes = OFFICES[region]
    return opens <= hour < closes


def follow_up_office(hour):
    for region in ("emea", "amer", "apac"):
        if office_open(region, hour):
            return region
    return "emea"


def queue_for(ticket, plan, hour):
    region = ticket["region"]
    severity = ticket["severity"]
    if plan == "enterprise":
        if severity == 1:
            if office_open(region, hour):
                return f"{region}-critical"
            return f"{follow_up_office(hour)}-critical"
        if severity == 2 and not office_open(region, hour):
            if "outage" in ticket.get("tags", ()):
                return f"{follow_up_office(hour)}-urgent"
            return f"{region}-morning"
        return f"{region}-enterprise"
    if severity == 1:
        return f"{region}-urgent"
    if plan == "free":
        return "community"
    return f"{region}-general"
