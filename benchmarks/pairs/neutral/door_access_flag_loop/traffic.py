"""A call of any becomes a loop with a flag."""

from datetime import datetime

KIND = "any to loop"
FUNCTION = "DoorPolicy.may_open"


def traffic(service, random):
    """One ordinary use."""
    rules = []
    for _ in range(random.randint(1, 4)):
        rules.append(
            {
                "door": random.choice(["main", "lab", "archive", "*"]),
                "group": random.choice(["staff", "research", "cleaning"]),
                "weekdays": [0, 1, 2, 3, 4],
                "from_hour": random.randint(6, 9),
                "to_hour": random.randint(16, 22),
            }
        )
    badge = {"id": random.randint(100, 999), "groups": random.sample(["staff", "research", "cleaning", "guests"], 2)}
    if random.random() < 0.1:
        badge["blocked"] = True
    moment = datetime(2024, 5, random.randint(1, 31), random.randint(5, 22), random.randint(0, 59))
    return service.DoorPolicy(rules).may_open(badge, random.choice(["main", "lab", "archive"]), moment)
