"""Nested comprehensions become plain loops."""

KIND = "comprehension to loop"
FUNCTION = "understaffed_hours"


def traffic(service, random):
    """One ordinary use."""
    shifts = []
    for name in random.sample(["Anna", "Bob", "Chen", "Dora", "Emil", "Farid", "Greta"], random.randint(3, 6)):
        start = random.randint(7, 13)
        shifts.append((name, start, start + random.randint(4, 8)))
    return service.understaffed_hours(shifts, random.randint(2, 3))
