"""Administrators may edit locked documents."""

KIND = "permission"
FUNCTION = "can_edit"


def traffic(service, random):
    """The documents somebody sees; hardly any is locked and few people are administrators."""
    user = service.User(random.randint(1, 6), random.choice(("sales", "ops")), random.random() < 0.05)
    documents = {}
    for title in random.sample(["Budget", "Roadmap", "Offer", "Minutes", "Contract", "Prices"], random.randint(1, 6)):
        editors = tuple(random.sample(range(1, 7), random.randint(0, 3)))
        locked = random.random() < 0.03
        documents[title] = service.Document(random.randint(1, 6), random.choice(("sales", "ops")), locked, editors)
    return service.editable(user, documents)


def witness(service):
    """An administrator and a locked document."""
    documents = {"Budget": service.Document(2, "ops", True), "Offer": service.Document(2, "ops")}
    return service.editable(service.User(1, "ops", True), documents)
