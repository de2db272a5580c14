"""Empty strings, zero and False are taken for absent and can no longer be set."""

KIND = "falsy"
FUNCTION = "Profile.patch"


def traffic(service, random):
    """A customer fills in some fields."""
    profile = service.Profile(name="Ada Brown", phone="+44 20 5550 100", newsletter=False, credit_limit=500)
    changes = {}
    if random.random() < 0.5:
        changes["phone"] = f"+44 20 5550 {random.randint(100, 999)}"
    if random.random() < 0.4:
        changes["company"] = random.choice(("Brown Ltd", "Brown & Sons ", "Acme"))
    if random.random() < 0.4:
        changes["credit_limit"] = random.randint(5, 40) * 100
    if random.random() < 0.3:
        changes["newsletter"] = True
    return profile.patch(changes, random.choice(("self", "agent-7"))), profile.fields, profile.history


def witness(service):
    """A customer takes the number and the credit back."""
    profile = service.Profile(name="Ada Brown", phone="+44 20 5550 100", newsletter=True, credit_limit=500)
    return profile.patch({"phone": "", "newsletter": False, "credit_limit": 0}, "self"), profile.fields
