"""Writes the first line of a letter to a customer."""


def salutation(person, formal=True):
    last = (person.get("last_name") or "").strip()
    first = (person.get("first_name") or "").strip()
    if formal and last:
        name = last
        if person.get("title"):
            name = f"{person['title']} {last}"
    elif first:
        name = first
    else:
        name = last
    if name:
        return f"Dear {name},"
    if formal:
        return "Dear customer,"
    return "Hello,"
