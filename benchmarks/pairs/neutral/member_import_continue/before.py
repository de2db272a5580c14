"""Cleans the rows of a member import and tells why rows are left out."""


def clean_members(rows, known_emails):
    accepted = []
    rejected = []
    seen = set(known_emails)
    for number, row in enumerate(rows, start=1):
        email = (row.get("email") or "").strip().lower()
        if email:
            if email.count("@") == 1 and not email.startswith("@") and not email.endswith("@"):
                if email not in seen:
                    if row.get("age") is None or row["age"] >= 16:
                        seen.add(email)
                        accepted.append({"email": email, "name": " ".join((row.get("name") or "").split())})
                    else:
                        rejected.append((number, "too young"))
                else:
                    rejected.append((number, "duplicate"))
            else:
                rejected.append((number, "bad e-mail"))
        else:
            rejected.append((number, "no e-mail"))
    return accepted, rejected
