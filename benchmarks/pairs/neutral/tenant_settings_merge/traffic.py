"""Assignments in loops become one merged dictionary."""

KIND = "dict merge"
FUNCTION = "resolve_settings"


def traffic(service, random):
    """One ordinary use."""
    tenant = {"theme": random.choice(["dark", "light", None]), "logo": "acme.svg"}
    user = {}
    if random.random() < 0.6:
        user["page_size"] = random.choice([10, 50, 100])
    if random.random() < 0.5:
        user["digest"] = random.choice(["daily", "never", None])
    if random.random() < 0.3:
        user["theme"] = "dark"
    return service.resolve_settings(tenant, user, random.choice([(), (), ("theme",)]))
