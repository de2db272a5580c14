"""Names are lowered instead of case-folded, so that spellings with a sharp s no longer collide."""

KIND = "case folding and whitespace"
FUNCTION = "NameRegistry._key"

FIRST = ["lena", "Paul", "omar", "Clara", "tim", "Sofia", "Admin", "nora"]
LAST = ["weber", "Lund", "rossi", "Becker", "vogt"]


def traffic(service, random):
    """Register a name after another one."""
    registry = service.NameRegistry()
    registry.register(f"{random.choice(FIRST)}.{random.choice(LAST)}", random.randint(1, 500))
    separator = random.choice([".", "_", ""])
    name = f"{random.choice(FIRST)}{separator}{random.choice(LAST)}"
    return registry.register(name, random.randint(501, 999)), registry.owner(name)


def witness(service):
    """Register the same surname in two spellings."""
    registry = service.NameRegistry()
    return registry.register("j.weiß", 1), registry.register("J.WEISS", 2), registry.owner("j.weiss")
