"""A last batch of a single recipient is lost."""

KIND = "slicing"
FUNCTION = "make_batches"


def traffic(service, random):
    """Schedule a campaign for some hundred recipients."""
    first = random.randint(1000, 5000)
    recipients = [f"u{number}" for number in range(first, first + random.randint(40, 700))]
    return service.schedule_batches(
        recipients, 1_710_000_000 + random.randint(0, 10**6), size=random.choice([100, 250])
    )


def witness(service):
    """Schedule one recipient more than a batch."""
    return service.schedule_batches(["a", "b", "c"], 0, size=2)
