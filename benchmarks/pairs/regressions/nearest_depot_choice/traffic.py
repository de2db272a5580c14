"""Of two depots equally far away the last is chosen instead of the first."""

KIND = "ordering and ties"
FUNCTION = "choose_depot"

DEPOTS = {"Hamburg": (53.55, 9.99), "Leipzig": (51.34, 12.37), "Köln": (50.94, 6.96), "Ulm": (48.40, 9.99)}


def traffic(service, random):
    """Choose a depot for an order."""
    depots = []
    for name in random.sample(sorted(DEPOTS), random.randint(2, 4)):
        stock = {sku: random.randint(0, 40) for sku in ("kb-101", "kb-102", "ms-7")}
        depots.append({"name": name, "position": DEPOTS[name], "stock": stock})
    items = {sku: random.randint(1, 3) for sku in random.sample(["kb-101", "kb-102", "ms-7"], random.randint(1, 2))}
    position = (round(random.uniform(47.8, 54.2), 4), round(random.uniform(6.5, 13.9), 4))
    return service.choose_depot({"items": items, "position": position}, depots)


def witness(service):
    """Choose between two halls at one address."""
    depots = [{"name": name, "position": (50.0, 8.0), "stock": {"kb-101": 5}} for name in ("Hall A", "Hall B")]
    return service.choose_depot({"items": {"kb-101": 1}, "position": (50.5, 8.5)}, depots)
