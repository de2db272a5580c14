"""Cleans the recipients of a newsletter."""


def clean_recipients(contacts, blocked=()):
    blocked = {address.strip().lower() for address in blocked}
    seen = {}
    skipped = 0
    for name, address in contacts:
        key = address.strip().lower()
        if "@" not in key:
            skipped += 1
            continue
        if key in blocked or key in seen:
            continue
        seen[key] = name
    return list(seen.items()), skipped
