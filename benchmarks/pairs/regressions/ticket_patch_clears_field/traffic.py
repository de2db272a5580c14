"""A field that is set to null on purpose is taken for a missing one."""

KIND = "None or falsy"
FUNCTION = "apply_patch"

AGENTS = ["maria", "tobias", "ines", "jonas"]


def traffic(service, random):
    """Change one or two fields of a ticket."""
    ticket = {
        "id": random.randint(10000, 99999),
        "subject": random.choice(["Cannot log in", "Wrong invoice", "Parcel is late"]),
        "assignee": random.choice(AGENTS),
        "priority": random.choice(["low", "normal", "high"]),
        "due": None,
        "tags": random.sample(["billing", "login", "shipping", "vip"], random.randint(0, 2)),
        "version": random.randint(1, 9),
    }
    fields = {
        "assignee": random.choice(AGENTS),
        "priority": random.choice(["low", "normal", "high"]),
        "due": f"2024-{random.randint(1, 12):02d}-{random.randint(1, 28):02d}",
        "subject": random.choice(["Cannot log in ", "Refund for order", "Parcel is late"]),
    }
    names = random.sample(sorted(fields), random.randint(1, 2))
    return service.apply_patch(ticket, {name: fields[name] for name in names})


def witness(service):
    """Take the assignee away."""
    ticket = {"id": 7, "subject": "Help", "assignee": "ines", "priority": "low", "due": None, "tags": [], "version": 3}
    return service.apply_patch(ticket, {"assignee": None})
