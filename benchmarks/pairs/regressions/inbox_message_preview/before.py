"""Preview lines for the message list."""

import re

QUOTED = re.compile(r"^>.*$", re.MULTILINE)


def preview(body, limit=60):
    text = " ".join(QUOTED.sub("", body).split())
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    space = head.rfind(" ")
    if space > limit // 2:
        head = head[:space]
    return head.rstrip(" ,;:-") + "…"


def inbox_row(sender, subject, body, unread=True):
    mark = "*" if unread else " "
    name = sender.split("@")[0] if "@" in sender else sender
    return f"{mark} {name[:16]:<16} {subject.strip() or '(no subject)'} | {preview(body)}"
