"""Outages of enterprise customers at night are no longer handed to the office that is open."""

KIND = "deep branch"
FUNCTION = "queue_for"


def traffic(service, random):
    """A ticket opened in the customer's office hours, seldom a severe one."""
    region = random.choice(("emea", "emea", "amer", "apac"))
    opens, closes = service.OFFICES[region]
    tags = random.sample(["billing", "login", "export", "mobile", "api"], random.randint(0, 2))
    ticket = {
        "id": random.randint(20000, 60000),
        "region": region,
        "severity": random.choices((1, 2, 3, 4), (3, 12, 50, 35))[0],
        "tags": tags,
    }
    plan = random.choices(("free", "team", "enterprise"), (30, 50, 20))[0]
    return service.queue_for(ticket, plan, random.randint(opens, closes - 1))


def witness(service):
    """An outage in Asia after the office there has closed."""
    ticket = {"id": 1, "region": "apac", "severity": 2, "tags": ["outage"]}
    return service.queue_for(ticket, "enterprise", 14)
