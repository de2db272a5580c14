"""Constants move out of the method to the module."""

KIND = "move constants"
FUNCTION = "PasswordPolicy.problems"


def traffic(service, random):
    """One ordinary use."""
    word = random.choice(["Tulip", "harbour", "Welcome", "Mountain", "ginger", "Qwerty"])
    password = word + random.choice(["", "!", "-", "#"]) + str(random.randint(1, 99999)) + random.choice(["", "xyz"])
    previous = [password] if random.random() < 0.1 else ["Old-Secret-77"]
    policy = service.PasswordPolicy(random.choice([None, None, 8, 12]))
    return policy.problems(password, random.choice(["ginger", "mia", "t.reed"]), previous)
