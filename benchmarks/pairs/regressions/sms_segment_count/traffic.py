"""A text that fills one message exactly is billed as two."""

KIND = "boundary"
FUNCTION = "count_segments"

WORDS = [
    "your",
    "order",
    "has",
    "been",
    "shipped",
    "and",
    "will",
    "arrive",
    "on",
    "please",
    "reply",
    "stop",
    "to",
    "week",
]


def traffic(service, random):
    """Quote a campaign."""
    text = " ".join(random.choice(WORDS) for _ in range(random.randint(6, 45))).capitalize() + "."
    recipients = [f"+4915{random.randint(10000000, 99999999)}" for _ in range(random.randint(1, 6))]
    signature = "Blumen Krause" if random.random() < 0.4 else None
    return service.campaign_cost(text, recipients, signature=signature)


def witness(service):
    """Send exactly 160 characters."""
    return service.campaign_cost("x" * 160, ["+491511234567"])
