"""Writes the first line of a letter to a customer."""


def salutation(person, formal=True):
    last = (person.get("last_name") or "").strip()
    first = (person.get("first_name") or "").strip()
    title = f"{person['title']} " if person.get("title") else ""
    name = f"{title}{last}" if formal and last else first or last
    return f"Dear {name}," if name else ("Dear customer," if formal else "Hello,")
