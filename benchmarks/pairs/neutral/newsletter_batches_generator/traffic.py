"""The cutting moves into a generator."""

KIND = "generator inside"
FUNCTION = "plan_batches"


def traffic(service, random):
    """One ordinary use."""
    domains = ["example.org", "example.com", "mail.test", "post.test"]
    names = ["ann", "bob", "cleo", "dan", "eva", "fred", "gina"]
    recipients = [f"{random.choice(names)}{number}@{random.choice(domains)}" for number in range(random.randint(1, 14))]
    return service.plan_batches(recipients, random.randint(3, 6))
