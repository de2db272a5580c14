"""Conditional expressions become if statements."""

KIND = "conditional expression"
FUNCTION = "salutation"


def traffic(service, random):
    """One ordinary use."""
    person = {
        "first_name": random.choice(["Maria", "John", "Ada", "Luis", "Ines", None]),
        "last_name": random.choice(["Keller", "Smith", "Okafor", "Silva", "Novak"]),
        "title": random.choice([None, None, None, "Dr.", "Prof."]),
    }
    return service.salutation(person, random.random() < 0.7)
