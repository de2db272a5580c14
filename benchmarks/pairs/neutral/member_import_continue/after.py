"""Cleans the rows of a member import and tells why rows are left out."""


def clean_members(rows, known_emails):
    accepted = []
    rejected = []
    seen = set(known_emails)
    for number, row in enumerate(rows, start=1):
        email = (row.get("email") or "").strip().lower()
        if not email:
            rejected.append((number, "no e-mail"))
            continue
        local, _, domain = email.partition("@")
        if not local or not domain or "@" in domain:
            rejected.append((number, "bad e-mail"))
            continue
        if email in seen:
            rejected.append((number, "duplicate"))
            continue
        age = row.get("age")
        if age is not None and age < 16:
            rejected.append((number, "too young"))
            continue
        seen.add(email)
        accepted.append({"email": email, "name": " ".join((row.get("name") or "").split())})
    return accepted, rejected
