"""A search by hand becomes min with a key."""

KIND = "min with key"
FUNCTION = "Dispatch.assign"


def traffic(service, random):
    """One ordinary use."""
    drivers = []
    for name in random.sample(["Ada", "Bo", "Cem", "Dag", "Elif", "Fay"], random.randint(1, 6)):
        drivers.append(
            {
                "name": name,
                "x": random.randint(0, 20),
                "y": random.randint(0, 20),
                "seats": random.choice([4, 4, 6]),
                "free": random.random() < 0.8,
                "rides_today": random.randint(0, 12),
            }
        )
    return service.Dispatch(drivers).assign(random.randint(0, 20), random.randint(0, 20), random.randint(1, 5))
