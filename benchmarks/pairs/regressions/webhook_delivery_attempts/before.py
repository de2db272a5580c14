"""Delivers webhook events to subscribers."""

GONE = 410


def deliver(send, event, attempts=4, pause=None):
    errors = []
    for number in range(1, attempts + 1):
        try:
            status = send(event)
        except ConnectionError as error:
            errors.append(f"{type(error).__name__}: {error}")
        else:
            if 200 <= status < 300:
                return {"state": "delivered", "attempts": number, "errors": errors}
            if status == GONE:
                return {"state": "unsubscribed", "attempts": number, "errors": errors}
            errors.append(f"HTTP {status}")
        if pause is not None and number < attempts:
            pause(2**number)
    return {"state": "failed", "attempts": attempts, "errors": errors}
