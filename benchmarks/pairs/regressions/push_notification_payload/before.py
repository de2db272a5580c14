"""Push notifications that fit the gateway's size limit."""

TITLE_BYTES = 48
BODY_BYTES = 120


def clip(text, limit):
    raw = text.encode("utf-8")
    if len(raw) <= limit:
        return text
    return raw[: limit - 3].decode("utf-8", "ignore").rstrip() + "…"


def build_push(device, title, body, badge=None):
    alert = {"title": clip(title.strip(), TITLE_BYTES), "body": clip(" ".join(body.split()), BODY_BYTES)}
    payload = {"to": device, "alert": alert}
    if badge is not None:
        payload["badge"] = max(0, badge)
    return payload
