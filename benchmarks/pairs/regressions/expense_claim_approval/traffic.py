"""A stand-in may approve a claim of their own."""

KIND = "permission"
FUNCTION = "refusal"


def traffic(service, random):
    """Some claims of the staff before their manager, sometimes before a stand-in."""
    if random.random() < 0.1:
        approver = service.Approver("m2", "lead", "m1", "manager")
    else:
        approver = service.Approver("m1", random.choice(("lead", "manager", "director")))
    claims = []
    for number in range(random.randint(1, 5)):
        cents = random.randint(900, 90000)
        claims.append((4000 + number, random.choice(("e1", "e2", "e3", "e4")), cents))
    return service.decide(approver, claims)


def witness(service):
    """A stand-in with a claim of their own."""
    return service.decide(service.Approver("m2", "lead", "m1", "manager"), [(1, "m2", 12000), (2, "e1", 12000)])
