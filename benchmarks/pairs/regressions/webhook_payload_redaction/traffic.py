"""Secret fields are removed from the caller's own payload."""

KIND = "argument mutation"
FUNCTION = "prepare_payload"


def traffic(service, random):
    """Prepare an ordinary event without secrets."""
    payload = {
        "order": random.randint(10000, 99999),
        "status": random.choice(["paid", "packed", "shipped"]),
        "total": f"{random.uniform(10, 300):.2f}",
    }
    if random.random() < 0.4:
        payload["tracking"] = f"JD{random.randint(10**9, 10**10 - 1)}"
    return service.prepare_payload(f"order.{payload['status']}", payload)


def witness(service):
    """Prepare an event whose payload carries a token."""
    payload = {"user": 5, "token": "abc"}
    body = service.prepare_payload("user.created", payload)
    return body, payload
