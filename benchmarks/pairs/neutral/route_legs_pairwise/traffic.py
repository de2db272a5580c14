"""Indexing neighbours becomes itertools.pairwise with unpacking."""

KIND = "itertools"
FUNCTION = "route_legs"


def traffic(service, random):
    """One ordinary use."""
    stops = []
    for name in random.sample(["Depot", "Harbour", "Mill", "Airport", "Market", "School"], random.randint(2, 6)):
        stops.append((name, round(random.uniform(47.5, 54.5), 4), round(random.uniform(6.5, 14.5), 4)))
    return service.route_legs(stops)
