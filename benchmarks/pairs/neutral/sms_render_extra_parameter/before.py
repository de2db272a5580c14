"""Renders the text messages of an appointment service."""

TEMPLATES = {
    "reminder": "Hi {name}, see you on {when} at {place}.",
    "moved": "Hi {name}, your appointment moved to {when}.",
    "cancelled": "Hi {name}, your appointment on {when} is cancelled.",
}
LIMIT = 160


def render_sms(kind, name, when, place="the practice"):
    if kind not in TEMPLATES:
        raise KeyError(f"no template {kind}")
    text = TEMPLATES[kind].format(name=name.strip().title(), when=when.strftime("%d %b %H:%M"), place=place)
    if len(text) > LIMIT:
        text = text[: LIMIT - 3].rstrip() + "..."
    return text, -(-len(text) // 70)
