"""Misplaced brackets: pinned tags are removed instead of kept."""

KIND = "sets"
FUNCTION = "TagSync.plan"


def traffic(service, random):
    """A product whose tags changed a little; few products carry the pinned tag."""
    tags = ["summer", "sale", "cotton", "blue", "outdoor", "kids", "new"]
    current = random.sample(tags, random.randint(2, 5))
    wanted = current[: random.randint(1, len(current))] + random.sample(tags, random.randint(0, 2))
    if random.random() < 0.3:
        wanted[0] = wanted[0].title()
    return service.TagSync(pinned=["recalled"]).plan(current, wanted)


def witness(service):
    """A product with a pinned tag."""
    return service.TagSync(pinned=["recalled"]).plan(["sale", "recalled", "kids"], ["sale", "new"])
