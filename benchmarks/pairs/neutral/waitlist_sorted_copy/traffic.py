"""Two stable sorts of a copy become one call of sorted."""

from datetime import datetime, timedelta

KIND = "sorted"
FUNCTION = "next_in_line"


def traffic(service, random):
    """One ordinary use."""
    start = datetime(2024, 3, 1, 9)
    waiting = []
    for name in random.sample(["Amir", "Bea", "Carl", "Dina", "Eve", "Finn", "Gus", "Hana"], random.randint(2, 7)):
        entry = {
            "name": name,
            "since": start + timedelta(minutes=random.randint(0, 5000)),
            "seats": random.randint(1, 4),
        }
        if random.random() < 0.4:
            entry["member"] = random.choice(["gold", "silver", None])
        waiting.append(entry)
    return service.next_in_line(waiting, random.randint(2, 9))
