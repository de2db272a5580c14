"""Prepares outgoing webhook payloads."""

SECRET_FIELDS = ("token", "password", "card_number")


def prepare_payload(event, payload, version="2024-01"):
    body = payload
    for field in SECRET_FIELDS:
        body.pop(field, None)
    summary = ", ".join(sorted(body))
    return {
        "event": event,
        "version": version,
        "fields": summary,
        "data": body,
    }
