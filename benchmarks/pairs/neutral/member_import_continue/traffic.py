"""Nesting in a loop becomes continue."""

KIND = "continue"
FUNCTION = "clean_members"


def traffic(service, random):
    """One ordinary use."""
    rows = []
    for _ in range(random.randint(1, 6)):
        name = random.choice(["Ida", "Jon", "Kaj", "Lea", "Mo"])
        row = {
            "name": f"{name} {random.choice(['Berg', 'Falk', 'Holm'])}",
            "age": random.choice([None, 18, 25, 41, 80]),
        }
        row["email"] = random.choice([f"{name.lower()}@example.org", f"{name}@Example.com", f"{name}.example.org"])
        if random.random() < 0.1:
            row["email"] = None
        rows.append(row)
    return service.clean_members(rows, ["ida@example.org"])
