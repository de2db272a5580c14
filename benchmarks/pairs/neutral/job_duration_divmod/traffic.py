"""Subtractions become divmod."""

KIND = "divmod"
FUNCTION = "human_duration"


def traffic(service, random):
    """One ordinary use."""
    return service.human_duration(random.choice([random.randint(1, 600), random.randint(600, 400000)]))
