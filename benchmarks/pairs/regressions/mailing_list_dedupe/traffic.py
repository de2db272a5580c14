"""Spaces around an address are no longer stripped before comparing."""

KIND = "case folding and whitespace"
FUNCTION = "clean_recipients"

NAMES = ["Anna Weber", "Paul Meier", "Lena Vogt", "Omar Haddad", "Sofia Rossi", "Tim Becker", "Clara Lund"]


def traffic(service, random):
    """Clean a short list with an occasional duplicate."""
    contacts = []
    for name in random.sample(NAMES, random.randint(2, 6)):
        first, last = name.split()
        contacts.append((name, f"{first}.{last}@example.{random.choice(['com', 'org'])}"))
    if random.random() < 0.3:
        name, address = contacts[0]
        contacts.append((name, address.lower()))
    return service.clean_recipients(contacts, blocked=["tim.becker@example.com"])


def witness(service):
    """Clean a list pasted from a spreadsheet."""
    contacts = [("Anna Weber", "anna@example.com"), ("A. Weber", "anna@example.com ")]
    return service.clean_recipients(contacts, blocked=["tim@example.com"])
