"""Splitting becomes str.partition in a loop over the operators."""

KIND = "partition"
FUNCTION = "parse_selector"


def traffic(service, random):
    """One ordinary use."""
    parts = []
    for _ in range(random.randint(1, 4)):
        key = random.choice(["env", "team", "tier", "region", "canary"])
        value = random.choice(["prod", "staging", "ops", "web", "eu-west"])
        parts.append(random.choice([f"{key}={value}", f"{key}={value}", f"{key} != {value}", key]))
    return service.parse_selector(random.choice([",", ", "]).join(parts))
