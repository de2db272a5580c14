"""Applies partial updates to support tickets."""

EDITABLE = ("subject", "assignee", "priority", "due", "tags")


def apply_patch(ticket, patch):
    updated = dict(ticket)
    changed = []
    for field in EDITABLE:
        if patch.get(field) is None:
            continue
        value = patch[field]
        if isinstance(value, str):
            value = value.strip()
        if updated.get(field) != value:
            updated[field] = value
            changed.append(field)
    if changed:
        updated["version"] = ticket["version"] + 1
    return updated, changed
