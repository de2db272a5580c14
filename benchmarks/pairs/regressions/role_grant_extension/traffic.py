"""The grants of a role are handed out uncopied, so that one member's extras reach everyone."""

KIND = "argument mutation"
FUNCTION = "_base_grants"


def traffic(service, random):
    """Resolve the grants of a member whose extras, if any, are part of the role."""
    member = {
        "name": random.choice(["maria", "tobias", "ines", "jonas"]),
        "role": random.choice(["viewer", "editor", "editor", "owner"]),
    }
    if random.random() < 0.4:
        member["extra"] = ["project.read"]
    return service.resolve_grants(member, archived=random.random() < 0.1)


def witness(service):
    """Resolve a viewer with an extra and then one without."""
    first = service.resolve_grants({"name": "ines", "role": "viewer", "extra": ["comment.write"]})
    return first, service.resolve_grants({"name": "jonas", "role": "viewer"})
