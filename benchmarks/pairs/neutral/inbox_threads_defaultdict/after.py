"""Groups the messages of an inbox into threads."""

import re
from collections import defaultdict

PREFIX = re.compile(r"^\s*(?:(?:re|fwd?|aw)\s*:\s*)+", re.IGNORECASE)


class Inbox:
    def __init__(self):
        self.messages = []

    def receive(self, sender, subject, sent_at, read=False):
        self.messages.append({"sender": sender, "subject": subject, "sent_at": sent_at, "read": read})

    def threads(self, unread_only=False):
        grouped = defaultdict(list)
        for message in self.messages:
            grouped[PREFIX.sub("", message["subject"]).strip().lower()].append(message)
        result = []
        for subject, messages in grouped.items():
            unread = sum(1 for message in messages if not message["read"])
            if unread_only and not unread:
                continue
            latest = max(message["sent_at"] for message in messages)
            people = sorted({message["sender"] for message in messages})
            result.append({"subject": subject, "unread": unread, "latest": latest, "people": people})
        result.sort(key=lambda thread: thread["latest"], reverse=True)
        return result
