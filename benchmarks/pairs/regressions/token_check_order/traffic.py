"""The scope is checked before the expiry, so that an expired token gives another reason."""

KIND = "exception"
FUNCTION = "TokenGate.check"

SCOPES = ["orders:read", "orders:write", "reports:read"]


def traffic(service, random):
    """Check a token that is mostly in order."""
    gate = service.TokenGate("https://id.example.com")
    now = 1_710_000_000 + random.randint(0, 10_000_000)
    scopes = random.sample(SCOPES, random.randint(1, 3))
    token = {
        "iss": "https://id.example.com",
        "id": f"t{random.randint(1000, 9999)}",
        "sub": random.randint(1, 400),
        "scopes": scopes,
        "exp": now + random.randint(60, 3600),
    }
    wanted = scopes[0]
    odd = random.random()
    if odd < 0.1:
        token["exp"] = now - random.randint(60, 600)
    elif odd < 0.2:
        wanted = "admin:all"
    try:
        return gate.check(token, wanted, now)
    except service.AccessDenied as error:
        return str(error)


def witness(service):
    """Check an expired token which also lacks the scope."""
    gate = service.TokenGate("a")
    try:
        return gate.check({"iss": "a", "id": "t1", "sub": 1, "scopes": [], "exp": 1000}, "orders:read", 5000)
    except service.AccessDenied as e:
        return type(e).__name__, str(e)
