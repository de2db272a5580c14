"""The longest delay is shorter by default."""

KIND = "defaults"
FUNCTION = "retry_delay"


def traffic(service, random):
    """Tell how a delivery goes on after one of its first attempts."""
    delivery = {
        "id": random.randint(1, 99999),
        "url": f"https://hooks.example.com/{random.choice(['orders', 'stock', 'users'])}",
        "attempt": random.choice([1, 1, 1, 2, 2, 3, 4, 5]),
        "state": "sending",
        "due": None,
    }
    status = random.choice([200, 500, 502, 503, 504, 429, 404])
    return service.next_attempt(delivery, status, 1_710_000_000 + random.randint(0, 10**7))


def witness(service):
    """Tell how a delivery goes on after its ninth attempt."""
    return service.next_attempt({"id": 1, "url": "u", "attempt": 9, "state": "sending", "due": None}, 500, 1000)
