"""Searching in lists becomes set operations."""

KIND = "sets"
FUNCTION = "scope_report"


def traffic(service, random):
    """One ordinary use."""
    scopes = ["orders:read", "orders:write", "users", "users:read", "files:read", "files", "profile"]
    requested = " ".join(random.sample(scopes, random.randint(1, 4)))
    return service.scope_report(requested, " ".join(random.sample(scopes, random.randint(1, 6))))
