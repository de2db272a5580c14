"""The title is composed rather than decomposed, so accented letters are dropped instead of losing the accent."""

KIND = "unicode"
FUNCTION = "SlugRegistry._plain"


def traffic(service, random):
    """A new article with an English title."""
    first = random.choice(("How to", "Why we", "What's new:", "A guide to", "10 ways to"))
    rest = random.sample(
        ["plan", "budgets", "for", "small", "teams", "in", "2025", "don't", "remote"], random.randint(2, 5)
    )
    registry = service.SlugRegistry(["how-to-plan", "a-guide-to-budgets"])
    return registry.claim(" ".join([first, *rest]))


def witness(service):
    """A title with accents."""
    return service.SlugRegistry().claim("Crème brûlée à la minute")
