"""The sliding window of failures became a fixed one that starts over as a whole."""

KIND = "state"
FUNCTION = "LoginGuard.record"


def traffic(service, random):
    """A few logins of some people, with a mistyped password at times."""
    guard = service.LoginGuard()
    now = random.randint(1_700_000_000, 1_710_000_000)
    outcomes = []
    for _ in range(random.randint(2, 6)):
        user = random.choice(("anna", "ben", "carla", "deniz"))
        now += random.randint(4, 240)
        ok = random.random() < 0.9
        outcomes.append((user, guard.record(user, ok, now)))
    return outcomes


def witness(service):
    """Failures that straddle the end of the first window."""
    guard = service.LoginGuard()
    return [guard.record("anna", False, at) for at in (1000, 1050, 1061, 1062)]
