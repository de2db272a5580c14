"""Orders audit events which come from systems with different clocks."""

from datetime import UTC, datetime


def _instant(text):
    parsed = datetime.fromisoformat(text.strip())
    # the old door controllers report UTC without saying so
    return parsed.replace(tzinfo=UTC)


def timeline(events, since=None):
    rows = []
    start = _instant(since) if since else None
    for event in events:
        at = _instant(event["at"])
        if start is not None and at < start:
            continue
        rows.append((at, event["actor"], event["action"]))
    rows.sort()
    return [{"at": at.isoformat(), "actor": actor, "action": action} for at, actor, action in rows]
