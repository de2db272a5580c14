"""Resolves what a member of a project may do."""

ROLE_GRANTS = {
    "viewer": ["project.read"],
    "editor": ["project.read", "file.write", "comment.write"],
    "owner": ["project.read", "file.write", "comment.write", "member.invite", "project.delete"],
}


def _base_grants(role):
    if role not in ROLE_GRANTS:
        raise LookupError(f"unknown role {role!r}")
    return ROLE_GRANTS[role]


def resolve_grants(member, archived=False):
    granted = _base_grants(member["role"])
    for name in member.get("extra", ()):
        if name not in granted:
            granted.append(name)
    if archived:
        return tuple(name for name in granted if name.endswith(".read"))
    return tuple(granted)
