"""Decides when a failed webhook delivery is tried again."""

PERMANENT = {400, 401, 403, 404, 410}


def retry_delay(attempt, base=5, cap=600):
    return min(base * 2 ** (attempt - 1), cap)


def next_attempt(delivery, status, now, max_attempts=10):
    if status < 300:
        return {**delivery, "state": "done", "due": None}
    attempt = delivery["attempt"]
    if status in PERMANENT or attempt >= max_attempts:
        return {**delivery, "state": "dead", "due": None}
    delay = retry_delay(attempt)
    return {**delivery, "state": "waiting", "attempt": attempt + 1, "due": now + delay}
