"""Grouping by hand becomes a defaultdict."""

from datetime import datetime, timedelta

KIND = "defaultdict"
FUNCTION = "Inbox.threads"


def traffic(service, random):
    """One ordinary use."""
    inbox = service.Inbox()
    sent_at = datetime(2024, 9, random.randint(1, 28), 8)
    for _ in range(random.randint(1, 8)):
        subject = random.choice(["Offer 2291", "Team lunch", "Server move", "Holidays"])
        prefix = random.choice(["", "", "Re: ", "RE: Re: ", "Fwd: "])
        sender = random.choice(["ann@example.org", "bo@example.org", "cy@example.org"])
        inbox.receive(sender, prefix + subject, sent_at, random.random() < 0.4)
        sent_at += timedelta(minutes=random.randint(1, 300))
    return inbox.threads(random.random() < 0.3)
