"""A preview is cut at the last space even when that leaves next to nothing, as before a long link."""

KIND = "truncation"
FUNCTION = "preview"

TEXT = "thanks for the update we will check the invoice tomorrow and send you the signed contract by Friday"


def traffic(service, random):
    """A message in ordinary words."""
    sender = random.choice(("anna@example.com", "Ben Carter", "support@example.org", "Li Wei"))
    subject = random.choice(("Invoice", "Re: contract", "Meeting on Friday", "Delivery"))
    words = TEXT.split()
    body = " ".join(random.choice(words) for _ in range(random.randint(4, 35)))
    if random.random() < 0.3:
        body += "\n\n> earlier text\n> more of it"
    return service.inbox_row(sender, subject, body, random.random() < 0.7)


def witness(service):
    """A short word and a very long link."""
    return service.inbox_row("Li Wei", "Link", "See https://files.example.com/" + "a1b2c3d4e5" * 6)
