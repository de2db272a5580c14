"""A mapping laid over a plain value (or over None) fails instead of replacing it."""

KIND = "nested defaults"
FUNCTION = "overlay"


def traffic(service, random):
    """A tenant with one to three values of its own."""
    own = {}
    if random.random() < 0.6:
        own["locale"] = random.choice(("de", "fr", "en-GB"))
    if random.random() < 0.6:
        own["mail"] = {"sender": f"shop{random.randint(1, 99)}@example.org"}
    if random.random() < 0.4:
        own["branding"] = {"colour": random.choice(("teal", "navy")), "logo": "logo.svg"}
    plan_limits = random.choice((None, {"users": 100}, {"storage": {"hard": 500}}))
    return service.tenant_settings(own, plan_limits)


def witness(service):
    """A tenant behind a proxy, for which there is no default."""
    try:
        return service.tenant_settings({"proxy": {"host": "10.0.0.8", "port": 3128}})
    except (TypeError, AttributeError) as error:
        return type(error).__name__, str(error)
